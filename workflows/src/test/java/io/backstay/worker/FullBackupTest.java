package io.backstay.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.model.Point;
import io.backstay.workflow.FullBackup;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The run FullBackup. */
class FullBackupTest {
  private final TestGroup group = TestGroup.start();

  @AfterEach
  void close() {
    group.close();
  }

  @Test
  void aBackupMakesAPointAndLeavesNothingBehind() throws Exception {
    Outcome outcome = group.run(new FullBackup.Input("vol0", null, null));
    FullBackup.Result result = ((Outcome.Completed) outcome).as(FullBackup.Result.class);
    assertThat(result.gid()).isEqualTo(2);
    assertThat(result.proof()).isEqualTo(Point.Proof.UNCHANGED);
    assertThat(group.servers.points("vol0")).hasSize(3);
    assertThat(group.servers.isSteady()).isTrue();
  }
}
