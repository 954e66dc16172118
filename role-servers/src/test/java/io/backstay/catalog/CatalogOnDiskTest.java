package io.backstay.catalog;

import static io.backstay.catalog.Catalogs.*;
import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.device.FileDirectory;
import io.backstay.seam.Time;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The catalog in a directory of a real file system. */
class CatalogOnDiskTest {
  private static final long LOG_BYTES_MAX = 4096;

  @TempDir private Path directory;

  @Test
  void aCatalogOfManyWritersIsTheSameAfterARestart() throws Exception {
    CatalogStore store = open();
    List<Thread> writers = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      RandomCommands commands = new RandomCommands(new Random(i));
      writers.add(Time.system().fork("writer " + i, () -> tellMany(store, commands)));
    }
    for (Thread writer : writers) writer.join();
    CatalogState before = store.state();
    store.close();
    assertThat(before.revision()).isGreaterThan(50);
    assertThat(open().state()).isEqualTo(before);
    assertThat(files()).hasSize(2);
  }

  @Test
  void bytesThatAnInterruptedWriteLeftBehindAreCutOff() throws IOException {
    CatalogStore store = open();
    for (int i = 0; i < 5; i++) tellMany(store, new RandomCommands(new Random(i)));
    CatalogState before = store.state();
    store.close();
    Path log = log();
    Files.write(log, new byte[700], StandardOpenOption.APPEND);
    assertThat(open().state()).isEqualTo(before);
  }

  private static void tellMany(CatalogStore store, RandomCommands commands) {
    try {
      for (int i = 0; i < 60; i++) {
        Reply reply = store.answer(state -> decide(state, commands.next(state)));
        assertThat(reply).isNotNull();
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private Path log() throws IOException {
    return files().stream()
        .filter(file -> file.getFileName().toString().startsWith("log-"))
        .findFirst()
        .orElseThrow();
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.toList();
    }
  }

  private CatalogStore open() throws IOException {
    return CatalogStore.open(FileDirectory.at(directory), "g", LOG_BYTES_MAX);
  }
}
