package io.backstay.seam;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every {@link Directory} does. */
public abstract class DirectoryContract {
  /** An empty directory. */
  protected abstract Directory create() throws IOException;

  /** The same directory, as a new process sees it after the old one died. */
  protected abstract Directory afterProcessDeath() throws IOException;

  @Test
  void whatIsPublishedIsThereWholeAndReplacesTheOld() throws IOException {
    Directory directory = create();
    directory.publish("state", bytes("old and longer"));
    directory.publish("state", bytes("new"));
    assertThat(directory.read("state")).isEqualTo(bytes("new"));
    assertThat(directory.list()).containsExactly("state");
  }

  @Test
  void namesAreListedSortedFilesAndDirectoriesAlike() throws IOException {
    Directory directory = create();
    assertThat(directory.list()).isEmpty();
    for (String name : new String[] {"b", "a.tmp", "A", "10", "9"}) directory.append(name).close();
    directory.child("c");
    assertThat(directory.list()).containsExactly("10", "9", "A", "a.tmp", "b", "c");
    assertThat(directory.has("b")).isTrue();
    assertThat(directory.has("c")).isTrue();
    assertThat(directory.has("d")).isFalse();
  }

  @Test
  void anAppendedFileGrowsAlsoOverReopeningAndIsCut() throws IOException {
    Directory directory = create();
    try (AppendFile file = directory.append("log")) {
      assertThat(file.sizeBytes()).isZero();
      ByteBuffer content = ByteBuffer.wrap(bytes("xfirst,y")).position(1).limit(7);
      file.append(content);
      assertThat(content.hasRemaining()).isFalse();
      file.sync();
    }
    try (AppendFile file = directory.append("log")) {
      assertThat(file.sizeBytes()).isEqualTo(6);
      file.append(ByteBuffer.wrap(bytes("second")));
      ByteBuffer direct = ByteBuffer.allocateDirect(6).put(bytes(",third")).flip();
      file.append(direct);
      assertThat(directory.read("log")).isEqualTo(bytes("first,second,third"));
      file.truncate(6);
      assertThat(file.sizeBytes()).isEqualTo(6);
      file.append(ByteBuffer.wrap(bytes("last")));
      file.sync();
    }
    assertThat(directory.read("log")).isEqualTo(bytes("first,last"));
  }

  @Test
  void largeAppendsArriveWhole() throws IOException {
    Directory directory = create();
    byte[] content = new byte[5_000_001];
    new java.util.Random(3).nextBytes(content);
    try (AppendFile file = directory.append("large")) {
      file.append(ByteBuffer.wrap(content));
      file.append(ByteBuffer.wrap(content));
    }
    byte[] read = directory.read("large");
    assertThat(read).hasSize(2 * content.length);
    assertThat(Arrays.equals(read, 0, content.length, content, 0, content.length)).isTrue();
    assertThat(Arrays.equals(read, content.length, read.length, content, 0, content.length))
        .isTrue();
  }

  @Test
  void aFileIsCutOnlyWhereItHasBytes() throws IOException {
    try (AppendFile file = create().append("log")) {
      assertThatThrownBy(() -> file.truncate(1)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void aRenameReplacesAndTakesTheOldNameAway() throws IOException {
    Directory directory = create();
    directory.publish("a", bytes("1"));
    directory.publish("b", bytes("2"));
    directory.rename("a", "b");
    assertThat(directory.list()).containsExactly("b");
    assertThat(directory.read("b")).isEqualTo(bytes("1"));
    directory.rename("b", "b");
    assertThat(directory.read("b")).isEqualTo(bytes("1"));
  }

  @Test
  void aDirectoryIsRenamedWithItsContentButNeverReplaced() throws IOException {
    Directory directory = create();
    directory.child("old").publish("x", bytes("1"));
    directory.rename("old", "new");
    assertThat(directory.child("new").read("x")).isEqualTo(bytes("1"));
    directory.publish("file", bytes("2"));
    directory.child("empty");
    assertThatThrownBy(() -> directory.rename("file", "empty"))
        .isInstanceOf(FileAlreadyExistsException.class);
  }

  @Test
  void deletingTakesEverythingBelowAndNothingElse() throws IOException {
    Directory directory = create();
    directory.child("a").child("b").publish("c", bytes("1"));
    directory.child("a").publish("d", bytes("1"));
    directory.publish("ab", bytes("1"));
    directory.delete("a");
    directory.delete("a");
    assertThat(directory.list()).containsExactly("ab");
    assertThat(directory.child("a").list()).isEmpty();
  }

  @Test
  void whatIsNotThereIsSaidSo() throws IOException {
    Directory directory = create();
    assertThatThrownBy(() -> directory.read("none")).isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> directory.openDevice("none")).isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> directory.rename("none", "other"))
        .isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void aFileIsNoDirectoryAndADirectoryNoFile() throws IOException {
    Directory directory = create();
    directory.publish("file", bytes("1"));
    directory.child("folder");
    assertThatThrownBy(() -> directory.child("file")).isInstanceOf(NotDirectoryException.class);
    assertThatThrownBy(() -> directory.append("folder")).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> directory.read("folder")).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> directory.openDevice("folder")).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> directory.createDevice("folder", 1)).isInstanceOf(IOException.class);
    assertThat(directory.child("folder").list()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", ".hidden", "a/b", "/", "nul\0"})
  void otherNamesAreRefused(String name) throws IOException {
    Directory directory = create();
    assertThatThrownBy(() -> directory.append(name)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> directory.delete(name)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> directory.child(name)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theLongestNameIsTakenAndOneMoreIsRefused() throws IOException {
    Directory directory = create();
    directory.append("n".repeat(200)).close();
    assertThatThrownBy(() -> directory.append("n".repeat(201)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aFileThatIsTooLargeIsNotReadAsAWhole() throws IOException {
    Directory directory = create();
    directory.createDevice("large", Directory.READ_BYTES_MAX + 1L).close();
    assertThatThrownBy(() -> directory.read("large"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("67108865");
  }

  @Test
  void aDeviceIsMadeOfZeroesAndReplacesWhatWasThere() throws IOException {
    Directory directory = create();
    directory.publish("image", bytes("old"));
    try (BlockDevice device = directory.createDevice("image", 1 << 20)) {
      BlockDeviceContract.assertAllZero(BlockDeviceContract.contentOf(device));
      BlockDeviceContract.write(device, 4096, BlockDeviceContract.filled(4096, 1));
      try (BlockDevice newer = directory.createDevice("image", 8192)) {
        assertThat(newer.sizeBytes()).isEqualTo(8192);
        assertThat(BlockDeviceContract.contentOf(newer)).containsOnly(0);
      }
      assertThat(BlockDeviceContract.contentOf(device)[4096]).isEqualTo((byte) 1);
    }
    try (BlockDevice device = directory.openDevice("image")) {
      assertThat(device.sizeBytes()).isEqualTo(8192);
    }
  }

  @Test
  void anOpenDeviceOutlivesItsName() throws IOException {
    Directory directory = create();
    try (BlockDevice device = directory.createDevice("image", 1 << 20)) {
      directory.delete("image");
      BlockDeviceContract.write(device, 0, BlockDeviceContract.filled(4096, 1));
      assertThat(BlockDeviceContract.contentOf(device)[0]).isEqualTo((byte) 1);
    }
  }

  @Test
  void theDeathOfTheProcessLosesNothing() throws IOException {
    Directory directory = create();
    directory.child("below").append("empty").close();
    AppendFile log = directory.append("log");
    log.append(ByteBuffer.wrap(bytes("text")));
    BlockDevice device = directory.createDevice("image", 1 << 20);
    BlockDeviceContract.write(device, 8192, BlockDeviceContract.filled(4096, 3));
    directory.publish("gone", bytes("1"));
    directory.delete("gone");

    Directory again = afterProcessDeath();
    assertThat(again.list()).containsExactly("below", "image", "log");
    assertThat(again.child("below").list()).containsExactly("empty");
    assertThat(again.read("log")).isEqualTo(bytes("text"));
    try (BlockDevice reopened = again.openDevice("image")) {
      assertThat(BlockDeviceContract.contentOf(reopened)[8192]).isEqualTo((byte) 3);
    }
  }

  @Test
  void anInterruptDisturbsNoOperationAndIsKept() throws IOException {
    Directory directory = create();
    Thread.currentThread().interrupt();
    directory.publish("state", bytes("1"));
    directory.child("c").sync();
    byte[] content = directory.read("state");
    directory.createDevice("image", 4096).close();
    directory.delete("image");
    assertThat(Thread.interrupted()).isTrue();
    assertThat(content).isEqualTo(bytes("1"));
    assertThat(directory.list()).containsExactly("c", "state");
  }

  @Test
  void thereIsUsableSpace() throws IOException {
    assertThat(create().usableBytes()).isPositive();
  }

  static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }
}
