package io.backstay.device;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.seam.Directory;
import io.backstay.seam.DirectoryContract;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileDirectoryTest extends DirectoryContract {
  @TempDir private Path directory;

  @Override
  protected Directory create() throws IOException {
    return FileDirectory.at(directory.resolve("a/b"));
  }

  @Override
  protected Directory afterProcessDeath() throws IOException {
    return FileDirectory.at(directory.resolve("a/b"));
  }

  @Test
  void whatIsMadeIsForItsOwnerAlone() throws IOException {
    Directory made = create();
    made.append("file").close();
    made.createDevice("image", 4096).close();
    made.child("child");
    assertThat(mode("a/b")).isEqualTo("rwx------");
    assertThat(mode("a/b/child")).isEqualTo("rwx------");
    assertThat(mode("a/b/file")).isEqualTo("rw-------");
    assertThat(mode("a/b/image")).isEqualTo("rw-------");
  }

  @Test
  void aLinkInTheWayIsDeletedAndNotFollowed() throws IOException {
    Directory made = create();
    Path outside = Files.createDirectory(directory.resolve("outside"));
    Files.createFile(outside.resolve("precious"));
    Files.createSymbolicLink(directory.resolve("a/b/link"), outside);
    made.delete("link");
    assertThat(outside.resolve("precious")).exists();
    assertThat(made.list()).isEmpty();
  }

  private String mode(String name) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve(name)));
  }
}
