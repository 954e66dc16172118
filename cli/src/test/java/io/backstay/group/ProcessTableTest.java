package io.backstay.group;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessTableTest {
  private static final String FIELDS_BEFORE_THREADS = "1 1 1 0 -1 4194304 1 0 0 0 0 0 0 0 20 0";

  @TempDir Path proc;
  private ProcessTable table;

  @BeforeEach
  void boot() throws IOException {
    Files.createDirectories(proc.resolve("sys/kernel/random"));
    Files.writeString(proc.resolve("sys/kernel/random/boot_id"), "boot-1\n");
    table = new ProcessTable(proc);
  }

  private void process(long pid, String name, char state, long startTicks, String... arguments)
      throws IOException {
    process(pid, name, state, 1, startTicks, arguments);
  }

  private void process(
      long pid, String name, char state, int threads, long startTicks, String... arguments)
      throws IOException {
    Path entry = Files.createDirectories(proc.resolve(Long.toString(pid)));
    Files.writeString(
        entry.resolve("stat"),
        "%d (%s) %c %s %d 0 %d 1000 200"
            .formatted(pid, name, state, FIELDS_BEFORE_THREADS, threads, startTicks));
    Files.writeString(entry.resolve("cmdline"), String.join("\0", arguments) + "\0");
  }

  @Test
  void aProcessIsKnownByItsIdItsStartAndTheBoot() throws IOException {
    process(42, "java", 'S', 777);
    assertThat(table.find(42)).contains(new ProcessIdentity(42, 777, "boot-1"));
  }

  @Test
  void aRecycledProcessIdIsNotMistakenForTheProcessThatHadItBefore() throws IOException {
    process(42, "java", 'S', 777);
    ProcessIdentity before = table.find(42).orElseThrow();
    assertThat(table.alive(before)).isTrue();
    process(42, "sshd", 'S', 999);
    assertThat(table.alive(before)).isFalse();
  }

  @Test
  void theSameIdAndStartAfterAnotherBootIsAnotherProcess() throws IOException {
    process(42, "java", 'S', 777);
    ProcessIdentity before = table.find(42).orElseThrow();
    Files.writeString(proc.resolve("sys/kernel/random/boot_id"), "boot-2\n");
    assertThat(table.alive(before)).isFalse();
  }

  @Test
  void aProcessThatEndedAndWasNotReapedIsNotAlive() throws IOException {
    process(42, "java", 'Z', 777);
    assertThat(table.find(42)).isEmpty();
  }

  /** Rule K8: who took its end for over found its lock held, and started no successor. */
  @Test
  void aProcessOfWhichOnlyTheFirstThreadEndedIsAlive() throws IOException {
    process(42, "java", 'Z', 2, 777);
    assertThat(table.find(42)).contains(new ProcessIdentity(42, 777, "boot-1"));
    process(42, "java", 'Z', 1, 777);
    assertThat(table.find(42)).isEmpty();
  }

  @Test
  void aNameWithBlanksAndParenthesesConfusesNothing() throws IOException {
    process(42, "a) S 1 (b", 'R', 777);
    assertThat(table.find(42)).contains(new ProcessIdentity(42, 777, "boot-1"));
  }

  @Test
  void processesAreFoundByAllTheirWordsAndNotByParts() throws IOException {
    process(50, "java", 'S', 1, "java", "server", "run", "--config", "/d/configs/a0.json");
    process(51, "java", 'S', 2, "java", "server", "run", "--config", "/d/configs/a0.json.bak");
    process(49, "vi", 'S', 3, "vi", "/d/configs/a0.json");
    assertThat(table.withArguments(List.of("server", "run", "--config", "/d/configs/a0.json")))
        .containsExactly(new ProcessIdentity(50, 1, "boot-1"));
  }

  @Test
  void thisProcessIsFoundInTheRealTable() {
    long pid = ProcessHandle.current().pid();
    assertThat(ProcessTable.ofThisMachine().find(pid).map(ProcessIdentity::pid)).contains(pid);
  }
}
