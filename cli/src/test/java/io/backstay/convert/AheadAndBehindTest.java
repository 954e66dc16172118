package io.backstay.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.seam.BlockDevice;
import io.backstay.seam.NoSpaceException;
import io.backstay.seam.Time;
import io.backstay.twin.MemoryDisk;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files written behind and read ahead: every byte, in pieces of any size, and every failure. */
class AheadAndBehindTest {
  private static final String FILE = "/files/f";

  private final MemoryDisk disk = new MemoryDisk();
  private final FileAccess files = new FileAccess(disk.devices(), Time.system());
  private final Random random = new Random(7);

  @ParameterizedTest
  @ValueSource(
      ints = {0, 1, 4095, 4096, 524_287, 524_288, 524_289, 1_048_575, 1_048_577, 5_000_123})
  void whatIsWrittenInPiecesIsReadInPieces(int bytes) throws IOException {
    byte[] content = content(bytes);
    try (BlockDevice device = file()) {
      write(device, content);
      assertThat(device.sizeBytes()).isEqualTo(bytes);
    }
    assertThat(readAll()).isEqualTo(content);
  }

  @Test
  void aReadThatFailsIsToldWhereItIsReached() throws IOException {
    try (BlockDevice device = file()) {
      write(device, content(3 << 20));
    }
    disk.failReads(FILE, 2 << 20, (2 << 20) + 1);
    try (ReadableByteChannel in = files.ahead(disk.devices().openReadOnly(FILE))) {
      ByteBuffer piece = ByteBuffer.allocate(1 << 20);
      for (int i = 0; i < 2; i++) {
        piece.clear();
        while (piece.hasRemaining()) assertThat(in.read(piece)).isPositive();
      }
      piece.clear();
      assertThatThrownBy(() -> in.read(piece)).isInstanceOf(IOException.class);
      assertThatThrownBy(() -> in.read(piece)).isInstanceOf(IOException.class);
    }
  }

  @Test
  void aWriteThatFailsIsToldAtTheNextPieceOrAtTheEnd() throws IOException {
    disk.failWrites(FILE, 0, 1);
    for (int bytes : new int[] {5, 1 << 20, 3 << 20}) {
      try (BlockDevice device = file()) {
        assertThatThrownBy(() -> write(device, content(bytes))).isInstanceOf(IOException.class);
      }
    }
  }

  @Test
  void aFullDiskIsCalledThat() throws IOException {
    disk.capacity(2 << 20);
    try (BlockDevice device = file()) {
      assertThatThrownBy(() -> write(device, content(5 << 20)))
          .isInstanceOf(NoSpaceException.class);
    }
  }

  private byte[] content(int bytes) {
    byte[] content = new byte[bytes];
    random.nextBytes(content);
    return content;
  }

  private BlockDevice file() throws IOException {
    disk.directory("/files").delete("f");
    return disk.devices().create(FILE, 0);
  }

  private void write(BlockDevice device, byte[] content) throws IOException {
    try (BehindOutput out = files.append(device);
        ReadableByteChannel in = Channels.newChannel(new ByteArrayInputStream(content))) {
      ByteBuffer piece = ByteBuffer.allocate(1 + random.nextInt(700_000));
      while (in.read(piece.clear()) >= 0) out.write(piece.flip());
      out.finish();
    }
  }

  private byte[] readAll() throws IOException {
    BlockDevice device = disk.devices().openReadOnly(FILE);
    try (ReadableByteChannel in = files.ahead(device)) {
      ByteBuffer all = ByteBuffer.allocate((int) device.sizeBytes());
      ByteBuffer piece = ByteBuffer.allocate(1 + random.nextInt(700_000));
      while (in.read(piece.clear()) >= 0) all.put(piece.flip());
      assertThat(all.hasRemaining()).isFalse();
      return all.array();
    }
  }
}
