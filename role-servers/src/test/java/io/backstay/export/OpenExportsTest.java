package io.backstay.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.log.Client;
import io.backstay.log.MemoryDoor;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.nbd.Export;
import io.backstay.nbd.VolumeDoor;
import io.backstay.seam.Time;
import io.backstay.twin.MemoryDisk;
import io.backstay.twin.ProcessDiedError;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class OpenExportsTest {
  private static final Command.OpenExport READ_ONLY =
      new Command.OpenExport("vol0", 7, "reading", false);
  private static final Command.OpenExport WRITABLE =
      new Command.OpenExport("vol0", 7, "writing", true);

  private final MemoryDisk disk = new MemoryDisk();
  private LendingArchive archive = new LendingArchive(disk);
  private MemoryDoor door;
  private OpenExports exports;

  @BeforeEach
  void start() throws IOException {
    door = new MemoryDoor();
    start(door);
  }

  private void start(VolumeDoor at) throws IOException {
    exports =
        new OpenExports(
            disk.directory("/state"),
            disk.devices(),
            disk.sharedMemories(),
            Time.system(),
            at,
            archive,
            24);
    exports.start();
  }

  private Client client(String name) {
    while (door.export(name) == null) Thread.onSpinWait();
    return new Client(door.export(name));
  }

  private List<String> names() {
    return exports.list(Optional.empty()).stream().map(Reply.ExportFacts::name).toList();
  }

  private List<String> ownDirectories() throws IOException {
    return disk.directory("/state/export-files").list();
  }

  private RefusalCode refusal(Command.OpenExport wanted) {
    RefusalCode[] code = new RefusalCode[1];
    assertThatThrownBy(() -> exports.open(wanted))
        .isInstanceOfSatisfying(RefusedException.class, e -> code[0] = e.refusal().code());
    return code[0];
  }

  @Test
  void anOpenedPointIsServedAndHeldUntilItIsClosed() throws Exception {
    Reply.ExportFacts facts = exports.open(READ_ONLY);
    assertThat(facts.nbdUri()).contains("memory:reading");
    assertThat(facts.trouble()).isEmpty();
    assertThat(client("reading").read(0, 4096)).isEqualTo(archive.point.bytes(0, 4096));
    assertThat(archive.holds()).hasToString("{hold-reading=7}");
    exports.close(new Command.CloseExport("vol0", "reading"));
    assertThat(door.export("reading")).isNull();
    assertThat(archive.holds()).isEmpty();
    assertThat(names()).isEmpty();
    exports.close(new Command.CloseExport("vol0", "reading"));
  }

  @Test
  void whatWasWrittenIsThereForTheNextProcessAndGoneWhenItIsClosed() throws Exception {
    exports.open(WRITABLE);
    exports.open(READ_ONLY);
    byte[] bytes = new byte[4096];
    Arrays.fill(bytes, (byte) 9);
    assertThat(client("writing").write(512, bytes, false)).isZero();
    disk.processDeath();
    start();
    assertThat(client("writing").read(512, 4096)).isEqualTo(bytes);
    assertThat(client("reading").read(512, 4096)).isEqualTo(archive.point.bytes(512, 4096));
    assertThat(exports.open(WRITABLE).nbdUri()).contains("memory:writing");
    exports.close(new Command.CloseExport("vol0", "writing"));
    assertThat(ownDirectories()).isEmpty();
    exports.open(WRITABLE);
    assertThat(client("writing").read(512, 4096)).isEqualTo(archive.point.bytes(512, 4096));
  }

  /** Rule X10. */
  @Test
  void twoExportsOfOnePointAreApartAndEachHoldsIt() throws Exception {
    Command.OpenExport other = new Command.OpenExport("vol0", 7, "other", true);
    exports.open(WRITABLE);
    exports.open(other);
    byte[] bytes = new byte[4096];
    Arrays.fill(bytes, (byte) 9);
    assertThat(client("writing").write(0, bytes, false)).isZero();
    assertThat(client("other").read(0, 4096)).isEqualTo(archive.point.bytes(0, 4096));
    assertThat(archive.holds()).hasToString("{hold-other=7, hold-writing=7}");
    exports.close(new Command.CloseExport("vol0", "writing"));
    assertThat(archive.holds()).hasToString("{hold-other=7}");
    assertThat(client("other").read(0, 4096)).isEqualTo(archive.point.bytes(0, 4096));
  }

  @Test
  void aProcessThatStopsInOrderMakesWhatWasWrittenDurable() throws Exception {
    exports.open(WRITABLE);
    assertThat(client("writing").write(0, new byte[8192], false)).isZero();
    exports.stop();
    assertThat(door.export("writing")).isNull();
    disk.powerLoss(new Random(1));
    start();
    assertThat(client("writing").read(0, 8192)).isEqualTo(new byte[8192]);
  }

  @Test
  void aNameIsUsedOnceAndTheSameWishIsTheSameExport() throws Exception {
    Reply.ExportFacts first = exports.open(READ_ONLY);
    assertThat(exports.open(READ_ONLY)).isEqualTo(first);
    assertThat(refusal(new Command.OpenExport("vol0", 7, "reading", true)))
        .isEqualTo(RefusalCode.ALREADY_EXISTS);
    assertThat(refusal(new Command.OpenExport("vol0", 8, "reading", false)))
        .isEqualTo(RefusalCode.ALREADY_EXISTS);
    assertThatThrownBy(() -> exports.close(new Command.CloseExport("vol1", "reading")))
        .isInstanceOf(RefusedException.class);
    assertThat(names()).containsExactly("reading");
  }

  @Test
  void aPointThatIsNotThereLeavesNothingBehind() throws Exception {
    assertThat(refusal(new Command.OpenExport("vol0", 8, "x", true)))
        .isEqualTo(RefusalCode.POINT_NOT_REACHABLE);
    assertThat(names()).isEmpty();
    assertThat(ownDirectories()).isEmpty();
  }

  @Test
  void soManyAreOpenAtATime() throws Exception {
    for (int i = 0; i < OpenExports.EXPORTS_MAX; i++)
      exports.open(new Command.OpenExport("vol0", 7, "x" + i, false));
    assertThat(refusal(READ_ONLY)).isEqualTo(RefusalCode.WRONG_STATE);
    exports.close(new Command.CloseExport("vol0", "x3"));
    exports.open(READ_ONLY);
  }

  @Test
  void onlyThoseOfTheVolumeAreListed() throws Exception {
    exports.open(READ_ONLY);
    assertThat(exports.list(Optional.of("vol0"))).hasSize(1);
    assertThat(exports.list(Optional.of("vol1"))).isEmpty();
  }

  @Test
  void oneThatCannotBeServedSaysWhyAndIsTriedAgainWhenItIsAskedFor() throws Exception {
    exports.open(READ_ONLY);
    disk.processDeath();
    archive.damaged = true;
    start();
    while (exports.list(Optional.empty()).getFirst().trouble().isEmpty()) Thread.onSpinWait();
    assertThat(exports.list(Optional.empty()).getFirst().trouble().get()).contains("damaged");
    assertThatThrownBy(() -> exports.open(READ_ONLY)).isInstanceOf(IOException.class);
    archive.damaged = false;
    assertThat(exports.open(READ_ONLY).trouble()).isEmpty();
    assertThat(client("reading").read(0, 512)).isEqualTo(archive.point.bytes(0, 512));
  }

  @Test
  void aDoorThatDoesNotOpenLeavesNothingBehind() throws Exception {
    start(
        new VolumeDoor() {
          @Override
          public String open(Export export) throws IOException {
            throw new IOException("no such door");
          }

          @Override
          public void close(String volume) {}
        });
    assertThatThrownBy(() -> exports.open(WRITABLE)).hasMessageContaining("no such door");
    assertThat(names()).isEmpty();
    assertThat(archive.holds()).isEmpty();
    assertThat(ownDirectories()).isEmpty();
  }

  @Test
  void whatWasOpenedIsServedAlsoAfterALossOfPower() throws Exception {
    exports.open(WRITABLE);
    disk.powerLoss(new Random(2));
    start();
    assertThat(client("writing").read(0, 512)).isEqualTo(archive.point.bytes(0, 512));
    assertThat(archive.holds()).hasToString("{hold-writing=7}");
  }

  /** Rule X10: nothing is held for nobody, and nothing is served that is not held. */
  @Test
  void aCrashBeforeAnyOperationOfTheDiskLeavesAnOpenExportOrNothing() throws Exception {
    for (boolean power : new boolean[] {false, true}) {
      int operations = opensAndCloses(Integer.MAX_VALUE, power);
      for (int at = 1; at <= operations; at++) opensAndCloses(at, power);
    }
  }

  private int opensAndCloses(int crashAt, boolean power) throws Exception {
    Random random = new Random(crashAt);
    disk.directory("/").delete("state");
    start();
    AtomicInteger operations = new AtomicInteger();
    disk.beforeEachOperation(operation -> {
      if (operations.incrementAndGet() != crashAt) return;
      if (power) disk.powerLoss(random);
      else disk.processDeath();
    });
    try {
      exports.open(WRITABLE);
      exports.close(new Command.CloseExport("vol0", "writing"));
    } catch (ProcessDiedError died) {
      // As was wanted.
    }
    int count = operations.get();
    disk.beforeEachOperation(operation -> {});
    if (power) disk.powerLoss(random);
    else disk.processDeath();
    start();
    String what = "crash before operation " + crashAt + ", power " + power;
    if (names().isEmpty()) {
      assertThat(archive.holds()).as(what).isEmpty();
      assertThat(ownDirectories()).as(what).isEmpty();
    } else {
      assertThat(archive.holds()).as(what).hasToString("{hold-writing=7}");
      assertThat(client("writing").read(0, 512)).isEqualTo(archive.point.bytes(0, 512));
    }
    exports.stop();
    return count;
  }
}
