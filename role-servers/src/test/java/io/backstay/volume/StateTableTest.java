package io.backstay.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.archive.ArchiveVolume;
import io.backstay.model.Exclusion;
import io.backstay.model.OperationKind;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.storage.StorageVolume;
import java.util.List;
import org.junit.jupiter.api.Test;

class StateTableTest {
  @Test
  void everyTransitionOfTheTablesIsAdmittedAndEverythingElseIsRefusedByName()
      throws RefusedException {
    visit(StorageVolume.PLAIN, StorageVolume.State.values());
    visit(StorageVolume.LOGGED, StorageVolume.State.values());
    visit(ArchiveVolume.TABLE, ArchiveVolume.State.values());
  }

  private static <S extends Enum<S>> void visit(StateTable<S> table, S[] states)
      throws RefusedException {
    for (S state : states) {
      for (OperationKind kind : OperationKind.values()) {
        if (table.row(state, kind).isPresent()) {
          assertThat(table.admit("v", state, kind, List.of()).from()).isEqualTo(state);
        } else {
          assertThatThrownBy(() -> table.admit("v", state, kind, List.of()))
              .isInstanceOf(RefusedException.class)
              .hasMessageContaining(state.name());
        }
      }
    }
  }

  @Test
  void whatRunsExcludesWhatTheTableOfRuleK2DoesNotAllowBesideIt() {
    for (OperationKind running : OperationKind.values()) {
      for (StateTable.Row<ArchiveVolume.State> row : ArchiveVolume.TABLE.rows()) {
        if (Exclusion.mayRunBeside(row.operation(), running)) continue;
        assertThatThrownBy(
                () -> ArchiveVolume.TABLE.admit("v", row.from(), row.operation(), List.of(running)))
            .isInstanceOfSatisfying(
                RefusedException.class,
                e -> assertThat(e.refusal().code()).isEqualTo(RefusalCode.WRONG_STATE))
            .hasMessageContaining(running.word());
      }
    }
  }

  @Test
  void exclusionIsSymmetricAndNoReservingOperationRunsBesideItself() {
    for (OperationKind one : OperationKind.values()) {
      for (OperationKind other : OperationKind.values()) {
        assertThat(Exclusion.mayRunBeside(one, other))
            .isEqualTo(Exclusion.mayRunBeside(other, one));
      }
      if (Exclusion.reserves(one)) assertThat(Exclusion.mayRunBeside(one, one)).isFalse();
    }
  }
}
