package io.backstay.volume;

import io.backstay.model.OperationKind;
import io.backstay.model.RefusedException;
import io.backstay.model.WorkResult;
import io.backstay.wire.Command;
import java.io.IOException;
import java.util.Collection;

/**
 * What a role adds to {@link Operations}: whether work may begin, and how it is done.
 *
 * @param <M> the role's metadata
 */
public interface OperationRole<M extends VolumeMetadata<M>> {
  /**
   * Makes way for work of a higher epoch that passed the fence; called before {@link #admit},
   * without any lock.
   */
  default void prepare(Command.Start start) throws InterruptedException {}

  /**
   * Checks that the work may begin and says what is committed together with its ledger entry: a
   * hold, a used grant.
   *
   * @param running what runs on the volume now
   */
  M admit(M before, Command.Start start, Collection<OperationKind> running)
      throws RefusedException, IOException;

  /**
   * One attempt at the work, on a thread of its own. An IOException, or a refusal of class retry,
   * is followed by another attempt after a delay; an attempt goes on where the durable progress
   * ends.
   */
  Conclusion<M> attempt(RunningOperation operation)
      throws RefusedException, IOException, InterruptedException;

  /**
   * What is committed together with the end of an operation that did not come to its result: its
   * hold is given up.
   */
  M givenUp(M before, LedgerEntry entry);

  /** What is committed together with parking. */
  default M parked(M before, LedgerEntry entry) {
    return before;
  }

  /**
   * The result and what is committed together with it.
   *
   * @param cleanup run after the commit: removes what the commit made useless. What a crash leaves,
   *     the next start removes
   */
  record Conclusion<M>(WorkResult result, Effect<M> effect, Runnable cleanup) {
    public Conclusion(WorkResult result, Effect<M> effect) {
      this(result, effect, () -> {});
    }
  }

  /** A change of the metadata; one that cannot be made now is followed by another attempt. */
  interface Effect<M> {
    M on(M before) throws IOException;
  }
}
