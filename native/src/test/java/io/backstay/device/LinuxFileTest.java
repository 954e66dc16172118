package io.backstay.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That our numbers and layouts are the kernel's, and its errors ours. */
class LinuxFileTest {
  @TempDir private Path directory;

  @Test
  void theFragmentSizeIsTheOneThatTheJdkFinds() throws IOException {
    try (LinuxFile file = create("file")) {
      assertThat(file.fragmentBytes()).isEqualTo(Files.getFileStore(directory).getBlockSize());
    }
  }

  @Test
  void theSectorSizeOfALoopDeviceIs512() throws IOException {
    Optional<LoopDevice> loop = LoopDevice.over(directory.resolve("backing"), 1 << 20);
    assumeThat(loop).isPresent();
    try (LoopDevice device = loop.get();
        LinuxFile file = LinuxFile.open(device.path(), Linux.O_RDONLY)) {
      assertThat(file.sectorBytes()).isEqualTo(512);
      assertThat(FileKind.of(file)).isEqualTo(FileKind.BLOCK_DEVICE);
    }
  }

  @Test
  void aNamelessFileHasBytesAndNoName() throws IOException {
    LinuxFile file;
    try {
      file = LinuxFile.openNameless(directory.toString(), "nameless");
    } catch (IOException e) {
      assumeThat(e).as("this file system has nameless files").isNull();
      throw e;
    }
    try (file) {
      file.write(0, ByteBuffer.wrap(new byte[] {1, 2, 3}));
      assertThat(file.sizeBytes()).isEqualTo(3);
      assertThat(Files.readAllBytes(Path.of(file.pathOfDescriptor()))).containsExactly(1, 2, 3);
    }
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void heapAndDirectBuffersAreWrittenAndReadAlike() throws IOException {
    try (LinuxFile file = create("file")) {
      file.write(1, ByteBuffer.wrap(new byte[] {9, 1, 2, 9}).position(1).limit(3));
      file.write(3, ByteBuffer.allocateDirect(2).put(0, (byte) 3).put(1, (byte) 4));
      ByteBuffer heap = ByteBuffer.allocate(6).position(1);
      ByteBuffer direct = ByteBuffer.allocateDirect(5);
      assertThat(file.read(0, heap)).isEqualTo(5);
      assertThat(file.read(0, direct)).isEqualTo(5);
      assertThat(heap.array()).containsExactly(0, 0, 1, 2, 3, 4);
      assertThat(direct.flip()).isEqualTo(ByteBuffer.wrap(new byte[] {0, 1, 2, 3, 4}));
      assertThat(file.read(5, direct.clear())).isZero();
    }
  }

  @Test
  void aHoleIsPunchedAndFound() throws IOException {
    try (LinuxFile file = create("file")) {
      file.write(0, ByteBuffer.wrap(new byte[1 << 20]));
      file.flush();
      assumeThat(file.zero(0, 512 * 1024)).as("holes can be made here").isTrue();
      assertThat(file.nextData(0, -1)).isEqualTo(512 * 1024);
      assertThat(file.sizeBytes()).isEqualTo(1 << 20);
      file.zero(0, 1 << 20);
      assertThat(file.nextData(0, -1)).isEqualTo(-1);
    }
  }

  @Test
  void errorsNameThePathAndTheCause() throws IOException {
    Path there = directory.resolve("there");
    Path none = directory.resolve("none");
    create("there").close();
    assertThatThrownBy(() -> LinuxFile.open(none.toString(), Linux.O_RDONLY))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining(none.toString());
    assertThatThrownBy(() -> create("there"))
        .isInstanceOf(FileAlreadyExistsException.class)
        .hasMessageContaining(there.toString());
    assertThatThrownBy(() -> LinuxFile.open(directory.toString(), Linux.O_RDWR))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("Is a directory");
    try (LinuxFile readOnly = LinuxFile.open(there.toString(), Linux.O_RDONLY)) {
      assertThatThrownBy(() -> readOnly.write(0, ByteBuffer.allocate(1)))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("write 1 bytes at 0 of " + there);
    }
    if (!LoopDevice.isRoot()) {
      Files.setPosixFilePermissions(there, java.util.Set.of());
      assertThatThrownBy(() -> LinuxFile.open(there.toString(), Linux.O_RDONLY))
          .isInstanceOf(AccessDeniedException.class);
    }
  }

  @Test
  void aClosedFileIsNeverAnotherOne() throws IOException {
    LinuxFile file = create("file");
    file.close();
    file.close();
    try (LinuxFile other = create("other")) {
      assertThatThrownBy(() -> file.write(0, ByteBuffer.allocate(1)))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("closed");
      assertThat(other.sizeBytes()).isZero();
    }
  }

  @Test
  void blockedNativeCallsLeaveTheCarriersOfVirtualThreadsFree() throws Exception {
    int calls = Runtime.getRuntime().availableProcessors() + 2;
    CountDownLatch blocked = new CountDownLatch(1);
    CountDownLatch started = new CountDownLatch(Math.min(calls, 16));
    AtomicInteger done = new AtomicInteger();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < Math.min(calls, 16); i++) {
      threads.add(
          Thread.ofVirtual()
              .start(() -> {
                try {
                  NativeThreads.call(() -> {
                    started.countDown();
                    awaitWithoutLeavingTheThread(blocked);
                    return done.incrementAndGet();
                  });
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              }));
    }
    started.await();
    Thread free = Thread.ofVirtual().start(blocked::countDown);
    free.join();
    for (Thread thread : threads) thread.join();
    assertThat(done.get()).isEqualTo(threads.size());
  }

  private static void awaitWithoutLeavingTheThread(CountDownLatch latch) {
    while (latch.getCount() > 0) Thread.onSpinWait();
  }

  private LinuxFile create(String name) throws IOException {
    return LinuxFile.open(
        directory.resolve(name).toString(), Linux.O_RDWR | Linux.O_CREAT | Linux.O_EXCL);
  }
}
