package io.backstay.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.model.RefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;

/**
 * A volume that Backstay serves, in use all the time: its archive server is killed during the first
 * backup, somebody destroys everything, and the moment just before that is there at once.
 */
final class ContinuousAct {
  private static final String VOLUME = "vol1";
  private static final String SIZE = "256M";
  private static final String CUT_INTERVAL = "1s";

  /** Four seconds, for what a tenant moves in with. */
  private static final String RATE = "8MiB/s";

  /** More than two cut intervals: on a machine that is busy with other things a cut may be late. */
  private static final String MAX_GAP = "15s";

  private static final String LABEL = "before-cleanup";
  private static final String EXPORT = "before-the-mistake";
  private static final String LAST = "the-end";
  private static final long KILL_AT_BYTES = 8L << 20;
  private static final int ROWS_BEFORE_MISTAKE = 20;
  private static final Duration A_ROW_EVERY = Duration.ofMillis(40);
  private static final Duration LOOK_EVERY = Duration.ofMillis(100);

  private final DemoStage stage;
  private final Narration narration;

  ContinuousAct(DemoStage stage) {
    this.stage = stage;
    this.narration = stage.narration();
  }

  /**
   * What this act came to; everything in it was compared.
   *
   * @param tenant what lived on the volume
   * @param rows durable before the mistake
   * @param rowsBack read from the point before it: all that it must hold
   * @param gapSeconds from the point to the moment before the mistake
   * @param exportedAfterSeconds from the wish for that moment to its disk
   * @param sha256 of the volume at its end, and of what was restored
   */
  record Proof(
      String volume,
      String tenant,
      long rows,
      long rowsBack,
      long gid,
      Instant time,
      double gapSeconds,
      double exportedAfterSeconds,
      long killedAtBytes,
      long bytesResent,
      String sha256) {}

  /** Empty where the machine has not even the programs for the simplest tenant. */
  Optional<Proof> run() throws IOException, InterruptedException, RefusedException {
    Optional<String> missing = stage.tools().missing(LettersTenant.PROGRAMS);
    if (missing.isPresent()) {
      narration.step(
          "no continuous backup is shown: %s is missing; on Debian and Ubuntu: apt install libnbd-bin"
              .formatted(missing.get()));
      return Optional.empty();
    }
    stage.command(
        "volume",
        "add",
        VOLUME,
        "--kind",
        "logged",
        "--size",
        SIZE,
        "--cut-interval",
        CUT_INTERVAL);
    String nbdUri = stage.answer("volume", "show", VOLUME).path("volume").path("nbdUri").asText();
    narration.detail(nbdUri);
    try (Tenant tenant = moveIn(nbdUri)) {
      return Optional.of(run(tenant, nbdUri));
    }
  }

  private Tenant moveIn(String nbdUri) throws IOException, InterruptedException {
    Path directory = Files.createDirectories(stage.ground().resolve("tenant"));
    Optional<String> obstacle = DatabaseTenant.obstacle(stage.ground().directory(), stage.tools());
    if (obstacle.isEmpty()) {
      stage.ground().letOthersPass();
      DatabaseTenant database = DatabaseTenant.in(directory, stage.tools(), stage.time());
      try {
        return moveIn(database, nbdUri);
      } catch (IOException e) {
        database.close();
        obstacle = Optional.of(String.valueOf(e.getMessage()));
      }
    }
    narration.detail("no PostgreSQL on the volume: " + obstacle.get());
    return moveIn(new LettersTenant(stage.tools(), stage.ground().resolve("letters")), nbdUri);
  }

  private Tenant moveIn(Tenant tenant, String nbdUri) throws IOException, InterruptedException {
    narration.step("putting %s on the volume".formatted(tenant.words()));
    tenant.moveIn(nbdUri);
    return tenant;
  }

  private Proof run(Tenant tenant, String nbdUri)
      throws IOException, InterruptedException, RefusedException {
    DemoRows rows = new DemoRows(tenant, stage.time(), A_ROW_EVERY);
    KilledBackup backup = new KilledBackup(stage, VOLUME, RATE, KILL_AT_BYTES);
    narration.step("from now on it gets rows all the time");
    rows.start();
    try {
      long resent = backup.run().bytesResent();
      narration.detail(
          "%d rows were written meanwhile; nobody who writes waits for a backup"
              .formatted(rows.count()));
      narration.detail(
          "what could be restored now is %d s old".formatted(shown().path("ageSeconds").asLong()));
      stage.command("snapshot", "take", VOLUME, "--label", LABEL);
      int seen = rows.count();
      while (rows.count() < seen + ROWS_BEFORE_MISTAKE && rows.isWriting())
        stage.time().sleep(LOOK_EVERY);
      Instant before = makeMistake(tenant, rows);
      Recovered recovered = recover(tenant, rows, before);
      String sha256 = compareTheEnd(tenant, nbdUri);
      return new Proof(
          VOLUME,
          tenant.words(),
          rows.count(),
          recovered.rows(),
          recovered.gid(),
          recovered.time(),
          recovered.gapSeconds(),
          recovered.exportedAfterSeconds(),
          backup.killedAtBytes(),
          resent,
          sha256);
    } finally {
      rows.giveUp();
    }
  }

  /** As one reads it. */
  private static Instant readable(Instant time) {
    return time.truncatedTo(ChronoUnit.MILLIS);
  }

  private JsonNode shown() throws IOException, RefusedException {
    return stage.answer("volume", "show", VOLUME).path("volume");
  }

  /** Answers the last moment at which all was well. */
  private Instant makeMistake(Tenant tenant, DemoRows rows)
      throws IOException, InterruptedException {
    rows.stop();
    stage.time().sleep(tenant.restBeforeMistake());
    Instant before = stage.time().now().truncatedTo(ChronoUnit.MILLIS);
    narration.step("a mistake: " + tenant.makeMistake());
    narration.detail(
        "%d rows are gone, the last one of %s"
            .formatted(rows.count(), readable(rows.last().durable())));
    return before;
  }

  /** What was read from the point. */
  private record Recovered(
      long rows, long gid, Instant time, double gapSeconds, double exportedAfterSeconds) {}

  private Recovered recover(Tenant tenant, DemoRows rows, Instant before)
      throws IOException, InterruptedException, RefusedException {
    awaitArchived(before);
    long asked = stage.time().nanos();
    JsonNode export =
        stage.command(
            "export",
            VOLUME,
            "--at",
            before.toString(),
            "--max-gap",
            MAX_GAP,
            "--writable",
            "--name",
            EXPORT);
    double seconds = (stage.time().nanos() - asked) / 1e9;
    Instant time = Instant.parse(export.path("time").asText());
    narration.detail(
        "gid %d of %s, %.2f s before; served after %.2f s, nothing was copied"
            .formatted(
                export.path("gid").asLong(),
                readable(time),
                export.path("gapSeconds").asDouble(),
                seconds));
    narration.step(
        "once more, from there: %s, %s".formatted(tenant.words(), export.path("nbdUri").asText()));
    Map<Long, String> found = tenant.rowsIn(export.path("nbdUri").asText());
    requireSame(rows, found, time);
    narration.step(
        "%d of %d rows are back, each as it was written: all that were durable before %s"
            .formatted(found.size(), rows.count(), readable(time)));
    if (found.size() < rows.count())
      narration.detail(
          "the others came in the %.2f s after it; how old a point is at most, --cut-interval says"
              .formatted(export.path("gapSeconds").asDouble()));
    stage.command("export", VOLUME, "--close", EXPORT, "--yes");
    return new Recovered(
        found.size(),
        export.path("gid").asLong(),
        time,
        export.path("gapSeconds").asDouble(),
        seconds);
  }

  /** Until then nobody knows whether what it has is the newest before that moment (rule M4). */
  private void awaitArchived(Instant moment)
      throws IOException, InterruptedException, RefusedException {
    Optional<Instant> upToDate;
    do {
      stage.time().sleep(LOOK_EVERY);
      JsonNode told = shown().path("upToDateAt");
      upToDate = told.isTextual() ? Optional.of(Instant.parse(told.asText())) : Optional.empty();
    } while (upToDate.isEmpty() || upToDate.get().isBefore(moment));
    narration.detail("the archive has the mistake, too, and every moment before it");
  }

  private static void requireSame(DemoRows rows, Map<Long, String> found, Instant time)
      throws RefusedException {
    long least = rows.durableBefore(time);
    long most = rows.begunUntil(time);
    if (found.size() < least || found.size() > most)
      throw DemoStage.differs("rows are missing", least + " to " + most, "" + found.size());
    long number = 0;
    for (Map.Entry<Long, String> row : found.entrySet()) {
      String expected = rows.get(++number).text();
      if (row.getKey() != number || !row.getValue().equals(expected))
        throw DemoStage.differs("a row differs", number + " " + expected, row.toString());
    }
  }

  /** The volume at rest beside what comes back of it, whole. */
  private String compareTheEnd(Tenant tenant, String nbdUri)
      throws IOException, InterruptedException, RefusedException {
    tenant.moveOut();
    Path now = stage.ground().resolve(VOLUME + "-now.img");
    Path restored = stage.ground().resolve(VOLUME + "-restored.img");
    stage.command("snapshot", "take", VOLUME, "--label", LAST);
    stage.command("restore", VOLUME, "--label", LAST, "--to", restored.toString());
    stage.tools().run("nbdcopy", nbdUri, now.toString());
    String expected = stage.tools().sha256(now);
    String found = stage.tools().sha256(restored);
    if (!expected.equals(found))
      throw DemoStage.differs("the restored volume differs", expected, found);
    narration.detail("sha256 of the volume and of what was restored: equal, " + expected);
    return expected;
  }
}
