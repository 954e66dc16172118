package io.backstay.cli;

import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.policy.ChosenPoint;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import io.backstay.wire.Reply.ExportFacts;
import io.backstay.wire.Servers;
import java.io.IOException;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** The points that archives serve over NBD. */
final class Exports {
  private final Servers servers;

  Exports(Servers servers) {
    this.servers = servers;
  }

  /**
   * @param time of the point
   * @param gapSeconds from that time to the one that was asked for (rule M4); empty where none was
   */
  record Opened(
      String volume,
      long gid,
      String name,
      boolean writable,
      Optional<String> nbdUri,
      Instant time,
      String archive,
      Optional<Double> gapSeconds,
      Optional<ChosenPoint.Evidence> gapEvidence,
      Optional<String> trouble) {}

  /** One that is open. */
  record Open(
      String archive,
      String name,
      String volume,
      long gid,
      boolean writable,
      Optional<String> nbdUri,
      Instant since,
      Optional<String> trouble) {
    static Open of(String archive, ExportFacts facts) {
      return new Open(
          archive,
          facts.name(),
          facts.volume(),
          facts.gid(),
          facts.writable(),
          facts.nbdUri(),
          facts.since(),
          facts.trouble());
    }
  }

  /** What an export is called where nobody names it: the same wish has the same name. */
  static String nameOf(String volume, long gid, boolean writable) {
    return "%s-%d%s".formatted(volume, gid, writable ? "-rw" : "");
  }

  Opened open(String archive, ChosenPoint chosen, Command.OpenExport wish)
      throws RefusedException, IOException, InterruptedException {
    Reply reply = GroupConnection.accepted(servers.call(archive, wish));
    if (!(reply instanceof Reply.Exports(List<ExportFacts> exports)) || exports.size() != 1)
      throw new IOException("%s answered %s".formatted(archive, reply));
    ExportFacts facts = exports.getFirst();
    return new Opened(
        facts.volume(),
        facts.gid(),
        facts.name(),
        facts.writable(),
        facts.nbdUri(),
        chosen.point().time(),
        archive,
        chosen.gap().map(ChosenPoint.Gap::seconds),
        chosen.gap().map(ChosenPoint.Gap::evidence),
        facts.trouble());
  }

  Round<Reply.Exports> ask(Collection<String> archives, Optional<String> volume)
      throws IOException, InterruptedException {
    return Round.ask(servers, archives, new Command.ListExports(volume), Reply.Exports.class);
  }

  static List<Open> all(Round<Reply.Exports> round) {
    return round.answers().entrySet().stream()
        .flatMap(answer ->
            answer.getValue().exports().stream().map(facts -> Open.of(answer.getKey(), facts)))
        .toList();
  }

  /**
   * @throws RefusedException {@code not-found}, or {@code unreachable} where an archive that may
   *     have it did not answer
   */
  Open find(Collection<String> archives, String volume, String name)
      throws RefusedException, IOException, InterruptedException {
    String attempted = "find the export %s of %s".formatted(name, volume);
    Round<Reply.Exports> round = ask(archives, Optional.of(volume)).orRefused(attempted);
    Optional<Open> found = all(round).stream().filter(open -> open.name().equals(name)).findFirst();
    if (found.isPresent()) return found.get();
    throw new RefusedException(
        Refusal.of(
                round.notDone().stream()
                    .map(Round.NotDone::code)
                    .findFirst()
                    .orElse(RefusalCode.NOT_FOUND),
                "%s has no export '%s'%s"
                    .formatted(
                        volume,
                        name,
                        round.notDone().isEmpty() ? "" : " where somebody could be asked"))
            .attempted(attempted)
            .found(all(round).stream().map(Open::name).toList().toString())
            .next("backstay export %s --list".formatted(volume)));
  }

  void close(Open open) throws RefusedException, IOException, InterruptedException {
    GroupConnection.accepted(
        servers.call(open.archive(), new Command.CloseExport(open.volume(), open.name())));
  }
}
