package io.backstay.sim;

import io.backstay.wire.Command;
import io.backstay.wire.Message;
import io.backstay.wire.Peer;
import io.backstay.wire.Reply;
import java.util.List;

/**
 * Hears what servers are asked and what they say, at the moment at which they say it, whether it
 * arrives or not.
 */
public interface Witness {
  /**
   * What was known when something was asked; handed back with the answer.
   *
   * @param epoch the highest that the server was known to have accepted
   * @param revision the highest of the catalog that was told
   * @param over whether the run that it was asked for had been cancelled, and had ended
   * @param points that had been told of
   */
  record Before(long nanos, long epoch, long revision, boolean over, List<Long> points) {
    public Before(long nanos, long epoch, long revision, boolean over) {
      this(nanos, epoch, revision, over, List.of());
    }
  }

  Before asked(String server, Peer by, Command command);

  void answered(String server, Peer to, Command command, Before before, Reply reply);

  Before opened(String server, Message opening);

  void imageResumed(
      String archive, Message.OpenImage open, Before before, Message.ImageResume resume);

  void imageDurable(String archive, Message.OpenImage open, long upTo);

  void imageCommitted(String archive, Message.OpenImage open, Message.Committed committed);
}
