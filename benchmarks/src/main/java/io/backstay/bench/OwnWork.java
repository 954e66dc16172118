package io.backstay.bench;

import java.io.IOException;
import java.nio.file.Path;

/** What we do in the race. */
final class OwnWork {
  static final String NAME = "backstay";

  private OwnWork() {}

  /** A full backup of a volume; the point before it is deleted afterwards. */
  record FullBackup(OwnGroup group, String volume, Path source, Equality equality)
      implements Contender {
    @Override
    public String name() {
      return NAME;
    }

    @Override
    public String shown() {
      return "backstay backup full " + volume;
    }

    @Override
    public Reading run() throws BenchException, IOException, InterruptedException {
      return group.measure("backup", "full", volume);
    }

    @Override
    public void check() throws BenchException, IOException, InterruptedException {
      equality.check("the backup", source, group.image(volume));
    }

    @Override
    public void clean() throws BenchException, IOException, InterruptedException {
      group.forgetOlder(volume);
    }
  }

  /** A restore of the newest point to a new file. */
  record Restore(OwnGroup group, String volume, Path source, Path target, Equality equality)
      implements Contender {
    @Override
    public String name() {
      return NAME;
    }

    @Override
    public String shown() {
      return "backstay restore " + volume + " --to TARGET";
    }

    @Override
    public void prepare() throws IOException {
      Workplace.delete(target);
    }

    @Override
    public Reading run() throws BenchException, IOException, InterruptedException {
      return group.measure("restore", volume, "--to", target.toString());
    }

    @Override
    public void check() throws BenchException, IOException, InterruptedException {
      equality.check("the restore", source, target);
    }

    @Override
    public void clean() throws IOException {
      Workplace.delete(target);
    }
  }
}
