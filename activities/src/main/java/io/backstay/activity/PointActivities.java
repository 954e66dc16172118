package io.backstay.activity;

import io.backstay.model.Names;
import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityMethod;
import java.util.List;

/** Points at archives. */
@ActivityInterface
public interface PointActivities {
  /**
   * @param archives server names; one that has it is enough
   */
  record Awaited(String volume, long gid, List<String> archives) {
    public Awaited {
      Names.require("volume", volume);
      archives = List.copyOf(archives);
      if (archives.isEmpty())
        throw new IllegalArgumentException("no archive of %s to wait for".formatted(volume));
    }
  }

  /**
   * Waits, without end, until an archive lists the gid as a clean point.
   *
   * @return name of that archive
   */
  @ActivityMethod(name = "AwaitPoint")
  String awaitPoint(Awaited point);
}
