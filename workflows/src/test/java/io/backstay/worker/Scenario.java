package io.backstay.worker;

import io.backstay.activity.MemoryServers;
import io.backstay.model.Bytes;
import io.backstay.model.Compression;
import io.backstay.model.Signed;
import io.backstay.model.VolumeKind;
import io.backstay.workflow.AddVolume;
import io.backstay.workflow.Apply;
import io.backstay.workflow.ClearVolume;
import io.backstay.workflow.DeletePoint;
import io.backstay.workflow.FullBackup;
import io.backstay.workflow.Grants;
import io.backstay.workflow.Merge;
import io.backstay.workflow.Resize;
import io.backstay.workflow.Restore;
import io.backstay.workflow.RunInput;
import io.backstay.workflow.SetVolume;
import io.backstay.workflow.Snapshot;
import io.backstay.workflow.VerifyRestore;
import java.util.List;
import java.util.function.Predicate;

/**
 * One run of each workflow on a group whose volume vol0 has the points 0 and 1, and whose logged
 * volume log0 has the points 0 to 3, of which 1 is a snapshot.
 *
 * @param done whether the run's effect is there, once
 * @param undone whether the group is as before the run
 */
record Scenario(
    String name, RunInput input, Predicate<MemoryServers> done, Predicate<MemoryServers> undone) {

  /** Nothing in these tests checks its signature. */
  static final String GRANT =
      Grants.encode(
          new Signed(Bytes.of(new byte[] {1}), Bytes.of(new byte[] {2}), Bytes.of(new byte[] {3})));

  static final Scenario FULL_BACKUP =
      new Scenario(
          "full-backup",
          new FullBackup.Input("vol0", null, null),
          servers -> servers.points("vol0").size() >= 3,
          servers -> servers.points("vol0").size() == 2);

  static final Scenario LOGGED_BACKUP =
      new Scenario(
          "logged-backup",
          new FullBackup.Input("log0", null, null),
          servers -> servers.points("log0").size() >= 5,
          // The image may be there, and its log on its way.
          servers -> servers.points("log0").size() == 4);

  static final Scenario RESTORE =
      new Scenario(
          "restore",
          new Restore.Input("vol0", null, null, null, null, "n0:/restored", null, "1MiB/s", null),
          servers -> servers.points("vol0").size() == 2,
          servers -> servers.points("vol0").size() == 2);

  static final Scenario VERIFY =
      new Scenario(
          "verify-restore",
          new VerifyRestore.Input("vol0", 0L),
          servers -> servers.points("vol0").size() == 2,
          servers -> servers.points("vol0").size() == 2);

  static final Scenario ADD_VOLUME =
      new Scenario(
          "add-volume",
          new AddVolume.Input("vol1", VolumeKind.PLAIN, MemoryServers.DEVICE, "s0", null),
          servers ->
              servers.isProtected("vol1")
                  && servers.isAt("s0", "vol1")
                  && servers.isAt("a0", "vol1"),
          servers ->
              !servers.isProtected("vol1")
                  && !servers.isAt("s0", "vol1")
                  && !servers.isAt("a0", "vol1"));

  static final Scenario CLEAR_VOLUME =
      new Scenario(
          "clear-volume",
          new ClearVolume.Input("vol0", GRANT),
          servers ->
              !servers.isProtected("vol0")
                  && !servers.isAt("s0", "vol0")
                  && !servers.isAt("a0", "vol0"),
          // What was destroyed stays so; the record goes last, so that the next run completes it.
          servers -> servers.isProtected("vol0"));

  static final Scenario DELETE_POINT =
      new Scenario(
          "delete-point",
          new DeletePoint.Input("vol0", 0L, GRANT),
          servers -> servers.points("vol0").size() == 1,
          servers -> servers.points("vol0").size() == 2);

  static final Scenario RESIZE =
      new Scenario(
          "resize",
          new Resize.Input("vol0", MemoryServers.DEVICE_BYTES),
          servers ->
              List.of("c0", "a0", "s0").stream()
                  .allMatch(it -> servers.sizeAt(it, "vol0") == MemoryServers.DEVICE_BYTES),
          // The archive may have heard of it: that harms nobody, and the next run completes it.
          servers -> servers.sizeAt("s0", "vol0") == MemoryServers.VOLUME_BYTES);

  static final Scenario SET_VOLUME =
      new Scenario(
          "set-volume",
          new SetVolume.Input(
              "log0", null, null, Compression.parse("zstd:3"), null, null, null, null),
          servers -> servers.versionAt("c0", "log0") == 2 && servers.versionAt("s0", "log0") == 2,
          // The catalog may have it: the next run completes it.
          servers -> servers.versionAt("s0", "log0") == 1);

  static final Scenario SNAPSHOT =
      new Scenario(
          "snapshot",
          new Snapshot.Input("log0", "before-upgrade", null, null),
          servers -> servers.points("log0").size() >= 5,
          // One that was taken may be on its way.
          servers -> servers.points("log0").size() == 4);

  static final Scenario APPLY =
      new Scenario(
          "apply",
          new Apply.Input("log0", 2L, null, null, null, null, GRANT),
          servers -> servers.points("log0").size() == 2,
          servers -> servers.points("log0").size() == 4);

  static final Scenario MERGE =
      new Scenario(
          "merge",
          new Merge.Input("log0", 0L, 3L, null, GRANT),
          servers -> servers.points("log0").size() == 3,
          servers -> servers.points("log0").size() == 4);

  static final List<Scenario> ALL =
      List.of(
          FULL_BACKUP,
          LOGGED_BACKUP,
          RESTORE,
          VERIFY,
          ADD_VOLUME,
          CLEAR_VOLUME,
          DELETE_POINT,
          RESIZE,
          SET_VOLUME,
          SNAPSHOT,
          APPLY,
          MERGE);

  @Override
  public String toString() {
    return name;
  }
}
