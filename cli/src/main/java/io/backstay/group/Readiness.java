package io.backstay.group;

import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.seam.Time;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import io.backstay.wire.Servers;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Waits until everything really serves: each server answers over TLS, Temporal answers for the
 * namespace, a worker asks it for work.
 */
final class Readiness {
  /** From the start of the first process to the last one's answer, on a slow machine. */
  static final Duration MAX = Duration.ofSeconds(90);

  private static final Duration LOOK_EVERY = Duration.ofMillis(50);
  private static final String TASK_QUEUE = "backstay";
  private static final int TAIL_BYTES = 4096;
  private static final int TAIL_LINES = 4;

  /** One thing that must answer. */
  private record Check(String name, Attempt attempt) {
    interface Attempt {
      void make() throws IOException, InterruptedException;
    }
  }

  private final Layout layout;
  private final GroupFile group;
  private final Servers servers;
  private final Time time;

  Readiness(Layout layout, GroupFile group, Servers servers, Time time) {
    this.layout = layout;
    this.group = group;
    this.servers = servers;
    this.time = time;
  }

  /** The servers of these roles. */
  void servers(Predicate<Role> roles, Consumer<String> say)
      throws RefusedException, InterruptedException {
    await(
        group.servers().stream()
            .filter(server -> roles.test(server.role()))
            .map(server -> new Check(server.name(), () -> describe(server)))
            .toList(),
        say);
  }

  /** The Temporal server that the group runs itself, if it does. */
  void temporal(Consumer<String> say) throws RefusedException, InterruptedException {
    if (!group.temporal().embedded()) return;
    await(List.of(new Check(Member.TEMPORAL, () -> http().namespace())), say);
  }

  /** A worker that asks it for work. */
  void polled(Consumer<String> say) throws RefusedException, InterruptedException {
    if (!group.temporal().embedded()) return;
    String worker = group.servers(Role.WORKER).getFirst().name();
    await(List.of(new Check(worker, this::requirePoller)), say);
  }

  private void requirePoller() throws IOException {
    if (!http().polled(TASK_QUEUE)) throw new IOException("no worker asks Temporal for work yet");
  }

  private TemporalHttp http() {
    return new TemporalHttp(group.temporal());
  }

  private void describe(ServerRecord server) throws IOException, InterruptedException {
    Reply reply = servers.call(server.name(), new Command.Describe());
    if (reply instanceof Reply.ServerFacts facts
        && facts.name().equals(server.name())
        && facts.group().equals(group.group())) {
      return;
    }
    throw new IOException("%s answered %s".formatted(server.address(), reply));
  }

  private void await(List<Check> checks, Consumer<String> say)
      throws RefusedException, InterruptedException {
    long deadline = time.nanos() + MAX.toNanos();
    Deque<Check> open = new ArrayDeque<>(checks);
    while (!open.isEmpty()) {
      Check check = open.removeFirst();
      try {
        check.attempt().make();
        say.accept(check.name() + " serves");
      } catch (IOException e) {
        if (time.nanos() - deadline > 0) throw late(check, e);
        open.addLast(check);
        time.sleep(LOOK_EVERY);
      }
    }
  }

  private RefusedException late(Check check, IOException last) {
    return new RefusedException(
        Refusal.of(
                RefusalCode.UNREACHABLE,
                "%s does not serve after %d s".formatted(check.name(), MAX.toSeconds()))
            .attempted("start the group in " + layout.directory())
            .found(last.getMessage() + tail(check.name()))
            .next(
                "see %s and %s; the supervisor goes on trying: backstay status"
                    .formatted(layout.log(check.name()), layout.printed(check.name()))));
  }

  /** The last that the process said, which mostly is the reason. */
  private String tail(String name) {
    for (Path file : List.of(layout.printed(name), layout.log(name))) {
      try {
        byte[] all = Files.readAllBytes(file);
        int from = Math.max(0, all.length - TAIL_BYTES);
        String end = new String(all, from, all.length - from, StandardCharsets.UTF_8).strip();
        if (end.isEmpty()) continue;
        List<String> lines = Arrays.asList(end.split("\n"));
        return "; it said: "
            + String.join(
                " | ", lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size()));
      } catch (IOException e) {
        // There is no such file: it has not come that far.
      }
    }
    return "";
  }
}
