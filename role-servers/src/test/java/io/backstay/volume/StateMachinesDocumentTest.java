package io.backstay.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.archive.ArchiveVolume;
import io.backstay.model.Exclusion;
import io.backstay.model.OperationKind;
import io.backstay.proxy.ProxyVolume;
import io.backstay.storage.StorageVolume;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * {@code docs/state-machines.md} is made from the tables in the code. When it is stale, run this
 * test with {@code -Dbackstay.write=true}.
 */
class StateMachinesDocumentTest {
  private static final Path DOCUMENT =
      Path.of(System.getProperty("backstay.root", "..")).resolve("docs/state-machines.md");

  @Test
  void theDocumentIsWhatTheTablesSay() throws IOException {
    String made = document();
    if (Boolean.getBoolean("backstay.write")) Files.writeString(DOCUMENT, made);
    assertThat(Files.readString(DOCUMENT)).isEqualTo(made);
  }

  private static String document() {
    StringBuilder out =
        new StringBuilder(
            """
            # State machines

            Made from the code (`StateTable`, `Exclusion`) by `StateMachinesDocumentTest`; not edited by hand.

            Only steady states are stored. While an operation runs, the state is the steady one it began in and the
            operation stands in the ledger; refused, cancelled or parked it leaves the state as it was. What is not in
            a table is refused, naming the state or the operation that forbids it.
            """);
    for (StateTable<?> table :
        List.of(StorageVolume.PLAIN, StorageVolume.LOGGED, ProxyVolume.TABLE, ArchiveVolume.TABLE))
      append(out, table);
    appendExclusion(out);
    return out.toString();
  }

  private static void append(StringBuilder out, StateTable<?> table) {
    out.append("\n## ")
        .append(table.role())
        .append("\n\n| in state | may begin | and leaves |\n|---|---|---|\n");
    for (StateTable.Row<?> row : table.rows()) {
      out.append("| %s | %s | %s |\n".formatted(row.from(), row.operation().word(), row.to()));
    }
    out.append("\n```mermaid\nstateDiagram-v2\n");
    for (StateTable.Row<?> row : table.rows()) {
      out.append("  %s --> %s : %s\n".formatted(row.from(), row.to(), row.operation().word()));
    }
    out.append("```\n");
  }

  private static void appendExclusion(StringBuilder out) {
    out.append("\n## Which operations may run beside which on one volume (rule K2)\n\n| |");
    OperationKind[] kinds = OperationKind.values();
    Arrays.stream(kinds).forEach(kind -> out.append(" %s |".formatted(kind.word())));
    out.append("\n|---|").append("---|".repeat(kinds.length)).append('\n');
    for (OperationKind kind : kinds) {
      String row =
          Arrays.stream(kinds)
              .map(other -> Exclusion.mayRunBeside(kind, other) ? " yes |" : " |")
              .collect(Collectors.joining());
      out.append("| %s |%s\n".formatted(kind.word(), row));
    }
  }
}
