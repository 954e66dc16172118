package io.backstay.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.model.RefusedException;
import io.backstay.workflow.FullBackup;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** A volume that others write: backed up, restored, and compared byte for byte. */
final class PlainAct {
  private static final String VOLUME = "vol0";
  private static final String RATE = "16MiB/s";

  private final DemoStage stage;
  private final Path source;
  private final Path target;

  PlainAct(DemoStage stage) {
    this.stage = stage;
    this.source = stage.ground().resolve(VOLUME + ".img");
    this.target = stage.ground().resolve("restored.img");
  }

  /**
   * What this act came to; everything in it was compared.
   *
   * @param killedAtBytes durable bytes when the archive server was killed
   * @param bytesResent payload bytes that crossed the wire twice because of that
   * @param files whose checksums were compared
   */
  record Proof(
      String volume,
      long gid,
      long sizeBytes,
      long killedAtBytes,
      long bytesSent,
      long bytesResent,
      String sha256,
      int files) {}

  Proof run() throws IOException, InterruptedException, RefusedException {
    DemoVolume volume = makeVolume();
    stage.command("volume", "add", VOLUME, "--kind", "plain", "--device", source.toString());
    KilledBackup backup = new KilledBackup(stage, VOLUME, RATE, volume.middleOfData());
    FullBackup.Result made = backup.run();
    restore(made.gid());
    return compare(volume, made, backup.killedAtBytes());
  }

  private DemoVolume makeVolume() throws IOException, InterruptedException {
    stage
        .narration()
        .step(
            "making a volume of %s with an ext4 file system full of files"
                .formatted(Quantity.bytes(DemoVolume.SIZE_BYTES)));
    DemoVolume volume = new DemoVolume(source, stage.ground().resolve("files"), stage.tools());
    volume.make(stage.time().random());
    return volume;
  }

  private void restore(long gid) throws IOException, RefusedException {
    JsonNode result =
        stage.command("restore", VOLUME, "--gid", Long.toString(gid), "--to", target.toString());
    stage
        .narration()
        .detail(
            "%s, of which %s were written"
                .formatted(
                    Quantity.bytes(result.path("sizeBytes").asLong()),
                    Quantity.bytes(result.path("bytesWritten").asLong())));
  }

  private Proof compare(DemoVolume volume, FullBackup.Result backup, long killedAtBytes)
      throws IOException, InterruptedException, RefusedException {
    Narration narration = stage.narration();
    narration.step("comparing");
    String before = stage.tools().sha256(source);
    String after = stage.tools().sha256(target);
    if (!before.equals(after))
      throw DemoStage.differs("the restored volume differs", before, after);
    narration.detail("sha256 of volume and restored volume: equal, " + before);
    Map<String, String> put = volume.checksums();
    Map<String, String> got = volume.checksumsInside(target, stage.ground().resolve("unpacked"));
    narration.detail("e2fsck -fn of the restored file system: clean");
    if (!put.equals(got)) throw DemoStage.differs("files differ", put.toString(), got.toString());
    narration.detail("sha256 of each of the %d files inside: equal".formatted(put.size()));
    narration.step(
        "%s came back byte for byte, although its archive server died in the middle"
            .formatted(VOLUME));
    return new Proof(
        VOLUME,
        backup.gid(),
        DemoVolume.SIZE_BYTES,
        killedAtBytes,
        backup.bytesSent(),
        backup.bytesResent(),
        before,
        put.size());
  }
}
