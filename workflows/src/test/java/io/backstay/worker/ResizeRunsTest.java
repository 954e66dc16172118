package io.backstay.worker;

import static io.backstay.activity.MemoryServers.DEVICE_BYTES;
import static io.backstay.activity.MemoryServers.VOLUME_BYTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.wire.Command;
import io.backstay.workflow.Resize;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The run Resize (rules L9, K2). */
class ResizeRunsTest {
  private final TestGroup group = TestGroup.start();

  @AfterEach
  void close() {
    group.close();
  }

  private Resize.Result resize(long bytes) throws Exception {
    return group.completed(new Resize.Input("vol0", bytes), Resize.Result.class);
  }

  private List<Long> sizes() {
    return List.of("c0", "a0", "s0").stream().map(it -> group.servers.sizeAt(it, "vol0")).toList();
  }

  /** Rule L9: the archive first. */
  @Test
  void aVolumeGrowsAtItsArchiveAndThenAtItsStorage() throws Exception {
    assertThat(resize(DEVICE_BYTES))
        .isEqualTo(new Resize.Result("vol0", DEVICE_BYTES, VOLUME_BYTES));
    assertThat(sizes()).containsOnly(DEVICE_BYTES);
    assertThat(group.servers.journal().stream().filter(call -> call.endsWith(" Start")))
        .containsExactly("a0 Start", "s0 Start");
    assertThat(group.servers.points("vol0")).hasSize(2);
    assertThat(group.servers.isSteady()).isTrue();
  }

  @Test
  void theSizeThatItHasIsASuccessThatChangesNothing() throws Exception {
    assertThat(resize(VOLUME_BYTES))
        .isEqualTo(new Resize.Result("vol0", VOLUME_BYTES, VOLUME_BYTES));
    assertThat(group.servers.journal())
        .noneMatch(call -> call.endsWith(" Start") || call.endsWith(" WriteProtection"));
    assertThat(group.servers.isSteady()).isTrue();
  }

  @Test
  void whatCannotBeIsRefusedBeforeAnybodyHearsOfIt() throws Exception {
    assertThat(group.refused(new Resize.Input("vol0", VOLUME_BYTES - 4096)).code())
        .isEqualTo(RefusalCode.WOULD_SHRINK);
    Refusal refusal = group.refused(new Resize.Input("vol0", DEVICE_BYTES + 4096));
    assertThat(refusal.code()).isEqualTo(RefusalCode.TOO_SMALL);
    assertThat(refusal.next()).startsWith("make the device larger first");
    assertThat(sizes()).containsOnly(VOLUME_BYTES);
    assertThat(group.servers.isSteady()).isTrue();
  }

  /** Rule L9: the archive is ahead then, which harms nobody. */
  @Test
  void whatTheStorageRefusesIsCompletedOrTakenBackByTheNextRun() throws Exception {
    group.servers.refuse(
        (server, command) -> server.equals("s0") && command instanceof Command.Start,
        Refusal.of(RefusalCode.WRONG_STATE, "stopped meanwhile"));
    assertThat(group.refused(new Resize.Input("vol0", DEVICE_BYTES)).code())
        .isEqualTo(RefusalCode.WRONG_STATE);
    assertThat(sizes()).containsExactly(DEVICE_BYTES, DEVICE_BYTES, VOLUME_BYTES);
    assertThat(group.servers.isSteady()).isTrue();
    group.servers.undisturbed();
    resize(VOLUME_BYTES);
    assertThat(sizes()).containsOnly(VOLUME_BYTES);
    resize(DEVICE_BYTES);
    assertThat(sizes()).containsOnly(DEVICE_BYTES);
  }
}
