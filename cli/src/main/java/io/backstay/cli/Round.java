package io.backstay.cli;

import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import io.backstay.wire.Servers;
import io.backstay.wire.UnreachableException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * One command to several servers, each of which does it for itself.
 *
 * @param answers by server, in the order in which they were asked
 */
record Round<T extends Reply>(Map<String, T> answers, List<NotDone> notDone) {
  /**
   * @param code why: a refusal's, or {@code unreachable}
   */
  record NotDone(String server, RefusalCode code, String found) {
    @Override
    public String toString() {
      return "%s: %s, %s".formatted(server, code.word(), found);
    }
  }

  static <T extends Reply> Round<T> ask(
      Servers servers, Collection<String> whom, Command command, Class<T> expected)
      throws IOException, InterruptedException {
    Map<String, T> answers = new LinkedHashMap<>();
    List<NotDone> notDone = new ArrayList<>();
    for (String server : whom) {
      try {
        Reply reply = GroupConnection.accepted(servers.call(server, command));
        if (!expected.isInstance(reply))
          throw new IOException("%s answered %s".formatted(server, reply));
        answers.put(server, expected.cast(reply));
      } catch (UnreachableException e) {
        notDone.add(new NotDone(server, RefusalCode.UNREACHABLE, String.valueOf(e.getMessage())));
      } catch (RefusedException e) {
        notDone.add(new NotDone(server, e.refusal().code(), e.refusal().message()));
      }
    }
    return new Round<>(answers, notDone);
  }

  /** Without what need not have been done. */
  Round<T> excusing(Predicate<NotDone> excused) {
    return new Round<>(answers, notDone.stream().filter(excused.negate()).toList());
  }

  List<String> done() {
    return List.copyOf(answers.keySet());
  }

  /**
   * @throws RefusedException where nobody did it
   */
  Round<T> orRefused(String attempted) throws RefusedException {
    if (!answers.isEmpty() || notDone.isEmpty()) return this;
    NotDone first = notDone.getFirst();
    throw new RefusedException(
        Refusal.of(first.code(), first.found())
            .attempted(attempted)
            .found(all())
            .next("see which servers answer: backstay status"));
  }

  /** Says who did not; answers the exit code. */
  int end(Output output, String attempted) {
    if (notDone.isEmpty()) return 0;
    output.error(
        new Failure(
            notDone.getFirst().code().word(),
            Failure.EXIT_PARTIAL,
            "not every server did it",
            attempted,
            all(),
            "give the command again when they can"));
    return Failure.EXIT_PARTIAL;
  }

  private String all() {
    return notDone.stream().map(NotDone::toString).collect(Collectors.joining("; "));
  }
}
