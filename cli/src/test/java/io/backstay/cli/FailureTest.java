package io.backstay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.seam.NoSpaceException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import org.junit.jupiter.api.Test;

/** What becomes of exceptions that leave a command. */
class FailureTest {
  @Test
  void aFullDiskSaysWhereRoomIsWanted() {
    Failure failure =
        Failure.of(
            new NoSpaceException("cannot write 4096 bytes at 0 of /srv/out.wdiff: No space left"),
            "backstay merge-wdiff");
    assertThat(failure.code()).isEqualTo("no-space");
    assertThat(failure.exit()).isEqualTo(1);
    assertThat(failure.text())
        .contains("attempted: backstay merge-wdiff")
        .contains("found:     cannot write 4096 bytes at 0 of /srv/out.wdiff")
        .contains("next:      make room there");
  }

  @Test
  void whatThisUserMayNotReadIsNamed() {
    assertThat(Failure.of(new AccessDeniedException("/srv/vol0.wlog"), "backstay inspect").text())
        .contains("found:     no permission for /srv/vol0.wlog")
        .contains("next:      change the file's permissions");
  }

  @Test
  void anotherExceptionOfTheFileSystemIsNamedByItsClass() {
    assertThat(Failure.of(new FileSystemException("/srv/a", null, "Too many levels"), "").found())
        .isEqualTo("FileSystemException: /srv/a: Too many levels");
  }
}
