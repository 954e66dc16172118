package io.backstay.activity;

import io.backstay.model.Names;
import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityMethod;
import java.util.List;
import java.util.Optional;

/** Points at archives. */
@ActivityInterface
public interface PointActivities {
  /**
   * @param archives server names; one that has it is enough
   * @param storage whose log leads to the gid; runs of earlier releases do not say it
   */
  record Awaited(String volume, long gid, List<String> archives, Optional<String> storage) {
    public Awaited {
      storage = storage == null ? Optional.empty() : storage;
      Names.require("volume", volume);
      archives = List.copyOf(archives);
      if (archives.isEmpty())
        throw new IllegalArgumentException("no archive of %s to wait for".formatted(volume));
    }
  }

  /**
   * Waits until an archive lists the gid as a clean point, as long as that may come to be; where it
   * never can the failure is {@code never-restorable}, and final.
   *
   * @return name of that archive
   */
  @ActivityMethod(name = "AwaitPoint")
  String awaitPoint(Awaited point);
}
