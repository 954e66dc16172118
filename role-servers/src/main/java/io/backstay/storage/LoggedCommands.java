package io.backstay.storage;

import io.backstay.log.LoggedVolume;
import io.backstay.model.OperationKind;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.VolumeKind;
import io.backstay.server.Authorisation;
import io.backstay.volume.Operations;
import io.backstay.volume.VolumeStore;
import io.backstay.wire.Command;
import io.backstay.wire.Command.ForLoggedVolume;
import io.backstay.wire.Peer;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** What is done at once to a logged volume, as far as its state table lets it. */
final class LoggedCommands {
  private final VolumeStore<StorageVolume> store;
  private final Operations<StorageVolume> operations;
  private final LoggedVolumes logged;

  LoggedCommands(
      VolumeStore<StorageVolume> store,
      Operations<StorageVolume> operations,
      LoggedVolumes logged) {
    this.store = store;
    this.operations = operations;
    this.logged = logged;
  }

  Reply answer(Peer peer, ForLoggedVolume command, Function<StorageVolume, Reply.VolumeFacts> facts)
      throws RefusedException, IOException, InterruptedException {
    if (command instanceof Command.TakeSnapshot take) {
      Authorisation.require(peer, "take a snapshot", Role.WORKER, Role.OPERATOR);
      return new Reply.SnapshotTaken(
          served(take.volume()).snapshot(take.label(), Optional.empty()));
    }
    // All of these make clients wait or give up history: none of them by Temporal's word (rule K5).
    Authorisation.require(peer, "change how a volume is served", Role.OPERATOR);
    carryOut(command);
    return new Reply.Volumes(List.of(facts.apply(store.get(command.volume()))));
  }

  private void carryOut(ForLoggedVolume command)
      throws RefusedException, IOException, InterruptedException {
    String volume = command.volume();
    switch (command) {
      case Command.TakeSnapshot _ -> throw new IllegalArgumentException("no change: " + command);
      case Command.StopVolume _ -> {
        change(volume, OperationKind.STOP_VOLUME);
        logged.withdraw(volume);
      }
      case Command.StartVolume _ -> logged.serve(change(volume, OperationKind.START_VOLUME));
      case Command.AcceptLoss _ -> logged.serveWithLoss(change(volume, OperationKind.ACCEPT_LOSS));
      case Command.ResetVolume reset -> {
        change(volume, OperationKind.RESET_VOLUME);
        LoggedVolume served = served(volume);
        if (served.history().session().number() <= reset.session()) served.reset();
      }
    }
  }

  /** The one door: durably in the state that the table says. */
  private ProtectionRecord change(String volume, OperationKind kind)
      throws RefusedException, IOException {
    return store
        .change(
            volume,
            before -> {
              VolumeKind of = before.record().map(ProtectionRecord::kind).orElse(VolumeKind.LOGGED);
              StorageVolume.State to =
                  StorageVolume.table(of)
                      .admit(volume, before.state(), kind, operations.kindsRunning(volume))
                      .to();
              return before.in(to);
            })
        .record()
        .orElseThrow();
  }

  private LoggedVolume served(String volume) throws RefusedException {
    return logged.served(volume, store.get(volume));
  }
}
