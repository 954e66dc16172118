package io.backstay.activity;

import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.seam.Time;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What a {@link MemoryServer} exports: an export is open until it is closed. */
final class MemoryExports {
  private final Map<String, Reply.ExportFacts> open = new TreeMap<>();
  private final Time time;

  MemoryExports(Time time) {
    this.time = time;
  }

  Reply open(Command.OpenExport wanted) throws RefusedException {
    Reply.ExportFacts known = open.get(wanted.name());
    if (known == null) {
      known =
          new Reply.ExportFacts(
              wanted.name(),
              wanted.volume(),
              wanted.gid(),
              wanted.writable(),
              Optional.of("nbd+unix:///%s?socket=/x".formatted(wanted.name())),
              time.now(),
              Optional.empty());
      open.put(wanted.name(), known);
    }
    boolean same =
        known.volume().equals(wanted.volume())
            && known.gid() == wanted.gid()
            && known.writable() == wanted.writable();
    if (!same) throw new RefusedException(RefusalCode.ALREADY_EXISTS, wanted.name() + " is open");
    return new Reply.Exports(List.of(known));
  }

  Reply close(Command.CloseExport close) {
    open.remove(close.name());
    return new Reply.Done();
  }

  Reply list(Command.ListExports list) {
    return new Reply.Exports(
        open.values().stream()
            .filter(it -> list.volume().isEmpty() || list.volume().get().equals(it.volume()))
            .toList());
  }
}
