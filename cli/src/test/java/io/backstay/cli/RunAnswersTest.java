package io.backstay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.backstay.policy.ChosenPoint;
import io.backstay.policy.VolumeSettings.Change;
import io.backstay.wire.Cbor;
import io.backstay.worker.Outcome;
import io.backstay.worker.RunKey;
import io.backstay.workflow.Apply;
import io.backstay.workflow.Merge;
import io.backstay.workflow.Restore;
import io.backstay.workflow.SetVolume;
import io.backstay.workflow.Snapshot;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What commands answer when their run is over, for scripts and for people. */
class RunAnswersTest {
  private static final Instant T0 = Instant.parse("2026-11-21T08:00:00Z");

  static Arguments[] results() {
    return new Arguments[] {
      Arguments.of(
          "snapshot-take",
          new Snapshot.Result("log0", 9, T0, "before-upgrade", true, "a0"),
          "log0: gid 9, 2026-11-21T08:00:00Z, before-upgrade, restorable at a0"),
      Arguments.of(
          "snapshot-take",
          new Snapshot.Result("log0", 9, T0, null, false, null),
          "log0: gid 9, 2026-11-21T08:00:00Z, on its way to the archive"),
      Arguments.of(
          "volume-set",
          new SetVolume.Result(
              "log0",
              2,
              List.of(
                  new Change("compression", "snappy", "zstd:3"),
                  new Change("log-rate-limit", "100.0 MiB/s", "none"))),
          "log0: compression zstd:3, was snappy\nlog0: log-rate-limit none, was 100.0 MiB/s"),
      Arguments.of(
          "volume-set",
          new SetVolume.Result("log0", 2, List.of()),
          "log0: all of that was so already"),
      Arguments.of(
          "apply",
          new Apply.Result("log0", 7, "a0", 5, 4, 1 << 20, 1.5),
          "log0: gid 7 is the oldest point at a0; 5 diffs applied, 4 points destroyed, 1.0 MiB"
              + " freed, 1.5 s"),
      Arguments.of(
          "merge",
          new Merge.Result("log0", 3, 9, "a0", 6, 1, 2 << 20, 1 << 20, 5, 1.5),
          "log0: 6 diffs from gid 3 to gid 9 at a0 are 1 now (1.0 MiB, were 2.0 MiB); 5 points"
              + " destroyed, 1.5 s"),
      Arguments.of(
          "restore",
          restored(1.25, ChosenPoint.Evidence.NOTHING_WRITTEN),
          "log0 at gid 9 (2026-11-21T08:00:00Z, 1.250 s before the time that was asked for, nothing"
              + " was written between) is in n0:/x: 2.0 MiB, of which 1.0 MiB were written, 1.5 s"),
      Arguments.of(
          "restore",
          restored(null, null),
          "log0 at gid 9 (2026-11-21T08:00:00Z) is in n0:/x: 2.0 MiB, of which 1.0 MiB were"
              + " written, 1.5 s")
    };
  }

  private static Restore.Result restored(Double gap, ChosenPoint.Evidence evidence) {
    return new Restore.Result("log0", 9, "n0:/x", 1 << 20, 2 << 20, 1.5, null, T0, gap, evidence);
  }

  @ParameterizedTest
  @MethodSource("results")
  void aResultFitsItsSchemaAndIsToldInFewWords(String schema, Object result, String text) {
    ObjectNode answer =
        RunDesk.answer(
            new Outcome.Completed(new RunKey("id", "run"), Cbor.json().valueToTree(result)));
    assertThat(Schema.of(schema).misfits(answer)).isEmpty();
    assertThat(text(schema, answer)).isEqualTo(text);
  }

  private static String text(String schema, ObjectNode answer) {
    return switch (schema) {
      case "snapshot-take" -> SnapshotCommands.Take.text(answer);
      case "volume-set" -> SetVolumeCommand.text(answer);
      case "apply" -> ApplyCommand.text(answer);
      case "merge" -> MergeCommand.text(answer);
      case "restore" -> RestoreCommand.text(answer);
      default -> throw new IllegalArgumentException(schema);
    };
  }
}
