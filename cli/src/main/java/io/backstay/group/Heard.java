package io.backstay.group;

import io.backstay.wire.Reply;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What servers said of their volumes just now.
 *
 * @param volumes by server; of one that was not heard there is nothing
 * @param last when each was last heard, if it ever was
 */
record Heard(Map<String, Reply.Volumes> volumes, Map<String, Instant> last, Instant now) {
  Heard {
    volumes = new TreeMap<>(volumes);
    last = Map.copyOf(last);
  }

  Optional<Reply.VolumeFacts> facts(String server, String volume) {
    return Optional.ofNullable(volumes.get(server)).stream()
        .flatMap(its -> its.volumes().stream())
        .filter(one -> one.volume().equals(volume))
        .findFirst();
  }

  StatusReport.State state(String server) {
    return volumes.containsKey(server) ? StatusReport.State.UP : StatusReport.State.UNKNOWN;
  }

  /** Since when nothing is known of it; empty where it was heard just now, or never was. */
  Optional<Instant> unknownSince(String server) {
    return volumes.containsKey(server) ? Optional.empty() : Optional.ofNullable(last.get(server));
  }
}
