package io.backstay.inspect;

import io.backstay.wlog.PackHeader;
import io.backstay.wlog.PackReader.Paddings;
import io.backstay.wlog.WlogItem;
import io.backstay.wlog.WlogReader;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads a stream of wlogs to its end and compares every checksum. */
public final class WlogInspection {
  private final Findings findings = new Findings();
  private final List<WlogShown> wlogs = new ArrayList<>();
  private Totals totals = Totals.NONE;
  private WlogShown current;

  /**
   * What was found in the file.
   *
   * @param findingsCount all of them; at most the first 1000 are told
   */
  public record Report(
      String file,
      List<WlogShown> wlogs,
      Totals totals,
      long findingsCount,
      List<Finding> findings) {}

  private WlogInspection() {}

  /**
   * @param packs told of each pack whose header is whole
   * @throws io.backstay.wlog.MalformedLogException if the stream is no wlog at all
   */
  public static Report of(String file, ReadableByteChannel in, PackShown.Sink packs)
      throws IOException {
    return new WlogInspection().run(file, in, packs);
  }

  private Report run(String file, ReadableByteChannel in, PackShown.Sink packs) throws IOException {
    WlogReader reader =
        new WlogReader(
            in,
            Paddings.MAY_BE_EMPTY,
            fault -> findings.add(fault.offsetBytes(), fault.lsid(), fault.found()));
    for (Optional<WlogItem> next = reader.next(); next.isPresent(); next = reader.next()) {
      switch (next.get()) {
        case WlogItem.Begin begin -> begin(begin);
        case WlogItem.Pack(long at, PackHeader header) -> {
          totals = totals.plus(header);
          packs.pack(PackShown.of(at, header));
        }
        case WlogItem.Io _ -> {} // The reader compared it.
        case WlogItem.End end -> current = current.ended(end);
      }
    }
    wlogs.add(current);
    return new Report(file, List.copyOf(wlogs), totals, findings.count(), findings.told());
  }

  private void begin(WlogItem.Begin begin) {
    if (current != null) wlogs.add(current);
    current = WlogShown.of(begin);
  }
}
