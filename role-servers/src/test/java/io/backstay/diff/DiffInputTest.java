package io.backstay.diff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.chain.Snap;
import io.backstay.model.Bytes;
import io.backstay.model.Compression;
import io.backstay.model.Cut;
import io.backstay.model.Session;
import io.backstay.seam.AppendFile;
import io.backstay.seam.Directory;
import io.backstay.twin.MemoryDisk;
import io.backstay.wdiff.DiffRecord.Kind;
import io.backstay.wdiff.DiffSidecar;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A wdiff at rest beside its sidecar (rule X3). */
class DiffInputTest {
  private final MemoryDisk disk = new MemoryDisk();
  private final Directory directory = disk.directory("/diffs");

  @Test
  void whatWasWrittenIsReadAsItsSidecarSays() throws IOException {
    DiffSidecar sidecar = write();
    try (DiffMerge diffs = stored(sidecar)) {
      int stretches = 0;
      while (diffs.next()) {
        assertThat(diffs.raw().remaining()).isEqualTo(512 * diffs.sectors());
        stretches++;
      }
      assertThat(stretches).isEqualTo(300);
    }
  }

  @Test
  void aRottenBitIsFoundByItsBlockAlsoInAPayloadThatNobodyAsksFor() throws IOException {
    DiffSidecar sidecar = write();
    disk.rot("/diffs/d.wdiff", 280_000, 3);
    try (DiffMerge diffs = stored(sidecar)) {
      assertThatThrownBy(
              () -> {
                while (diffs.next()) {}
              })
          .isInstanceOf(CorruptDiffException.class)
          .hasMessageStartingWith(
              "d.wdiff: %d bytes at 262144 have CRC32C ".formatted(sidecar.fileBytes() - 262144));
    }
  }

  @Test
  void aFileOfAnotherLengthIsRefused() throws IOException {
    DiffSidecar sidecar = write();
    try (AppendFile file = directory.append("d.wdiff")) {
      file.append(ByteBuffer.allocate(1));
    }
    assertThatThrownBy(() -> stored(sidecar))
        .isInstanceOf(CorruptDiffException.class)
        .hasMessage(
            "d.wdiff has %d bytes, its sidecar says %d"
                .formatted(sidecar.fileBytes() + 1, sidecar.fileBytes()));
  }

  private DiffMerge stored(DiffSidecar sidecar) throws IOException {
    DiffInput input = DiffInput.of("d.wdiff", directory.openDevice("d.wdiff"), sidecar);
    return new DiffMerge(List.of(new SortedDiffReader(input)));
  }

  private DiffSidecar write() throws IOException {
    try (AppendFile file = directory.append("d.wdiff");
        SortedDiffWriter writer =
            new SortedDiffWriter(DiffOutput.to(file), Wdiffs.UUID, Compression.DEFAULT)) {
      byte[] data = new byte[1024];
      Random random = new Random(1);
      for (int i = 0; i < 300; i++) {
        random.nextBytes(data);
        writer.add(3L * i, 2, Kind.NORMAL, ByteBuffer.wrap(data));
      }
      writer.finish();
      file.sync();
      return sidecar(writer.fileBytes(), writer.packs(), writer.checksums());
    }
  }

  private static DiffSidecar sidecar(long fileBytes, Bytes packs, Bytes checksums) {
    Cut begin = new Cut(1, 0, 10, Instant.EPOCH, Optional.empty(), false, Optional.empty());
    Cut end = new Cut(1, 99, 11, Instant.EPOCH, Optional.empty(), false, Optional.empty());
    return new DiffSidecar(
        "vol0",
        new Session(1, Wdiffs.UUID, Optional.of(10L), 0),
        Snap.clean(10),
        Snap.clean(11),
        begin,
        List.of(end),
        false,
        1 << 20,
        1,
        List.of("a0"),
        fileBytes,
        packs,
        checksums);
  }
}
