package io.backstay.proxy;

import io.backstay.model.Grant;
import io.backstay.model.OperationKind;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.server.RoleParts;
import io.backstay.volume.LedgerEntry;
import io.backstay.volume.OperationRole;
import io.backstay.volume.RunningOperation;
import io.backstay.volume.VolumeStore;
import io.backstay.wire.Command;
import java.io.IOException;
import java.util.Collection;

/** What a proxy does in its operations: it forgets volumes. */
final class ProxyOperations implements OperationRole<ProxyVolume> {
  private final RoleParts parts;
  private final VolumeStore<ProxyVolume> store;
  private final ProxyVolumes volumes;
  private final WlogIntakes intakes;

  ProxyOperations(
      RoleParts parts, VolumeStore<ProxyVolume> store, ProxyVolumes volumes, WlogIntakes intakes) {
    this.parts = parts;
    this.store = store;
    this.volumes = volumes;
    this.intakes = intakes;
  }

  @Override
  public ProxyVolume admit(
      ProxyVolume before, Command.Start start, Collection<OperationKind> running)
      throws RefusedException {
    if (!(start.work() instanceof Work.ClearVolume clear))
      throw new RefusedException(
          RefusalCode.UNSUPPORTED, "a proxy does not do " + start.work().kind().word());
    ProxyVolume.TABLE.admit(start.volume(), before.state(), start.work().kind(), running);
    boolean holdsDiffs =
        volumes.find(start.volume()).map(volume -> volume.spool().count() > 0).orElse(false);
    return holdsDiffs ? using(before, clear) : before;
  }

  /** Diffs that no archive has yet are destroyed only with an operator's leave (rule K5). */
  private ProxyVolume using(ProxyVolume before, Work.ClearVolume clear) throws RefusedException {
    if (clear.grant().isEmpty())
      throw new RefusedException(
          Refusal.of(RefusalCode.GRANT_REQUIRED, "what destroys needs an operator's grant")
              .attempted(
                  "clear %s, of which archives do not have all diffs".formatted(before.volume()))
              .next("use the backstay command, which signs one"));
    Grant grant =
        parts
            .grants()
            .check(clear.grant().get(), "clear-volume", before.volume(), "", clear.inputHash());
    if (before.ledger().hasUsed(grant.nonce()))
      throw new RefusedException(
          RefusalCode.NOT_AUTHORISED, "this grant was used before; sign a new one");
    return before.with(before.ledger().using(grant.nonce(), grant.expiry(), parts.time().now()));
  }

  @Override
  public Conclusion<ProxyVolume> attempt(RunningOperation operation)
      throws IOException, InterruptedException {
    String volume = operation.volume();
    intakes.displace(volume);
    long bytes = volumes.find(volume).map(one -> one.spool().bytes()).orElse(0L);
    // From here on nobody opens it again by chance: its record is gone.
    store.update(volume, ProxyVolume::clear);
    volumes.forget(volume);
    return new Conclusion<>(new WorkResult.VolumeCleared(0, bytes), ProxyVolume::clear);
  }

  @Override
  public ProxyVolume givenUp(ProxyVolume before, LedgerEntry entry) {
    return before;
  }
}
