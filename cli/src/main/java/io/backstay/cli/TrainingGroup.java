package io.backstay.cli;

import io.backstay.group.GroupFile;
import io.backstay.model.OperationKind;
import io.backstay.model.OperationReport;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.model.Work;
import io.backstay.seam.Time;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import io.backstay.wire.Servers;
import io.backstay.wire.UnreachableException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The servers of the training, asked as the operator, without runs. */
final class TrainingGroup {
  private static final String RUN = "training";
  private static final Duration LOOK_EVERY = Duration.ofMillis(100);
  private static final int LOOKS_MAX = 600;
  private static final Duration ASK_EVERY = Duration.ofMillis(20);
  private static final int ASKS_MAX = 1500;

  private final GroupFile group;
  private final Servers servers;
  private final Time time;

  TrainingGroup(GroupFile group, Servers servers, Time time) {
    this.group = group;
    this.servers = servers;
    this.time = time;
  }

  /** Waits for all servers, and tells the catalog of them. */
  void begin() throws IOException, InterruptedException, RefusedException {
    awaitServing(catalog());
    for (ServerRecord server : group.servers()) {
      ask(catalog(), new Command.WriteServer(server, 0));
    }
    for (Role role : List.of(Role.STORAGE, Role.PROXY, Role.ARCHIVE)) awaitServing(only(role));
  }

  private void awaitServing(String server) throws IOException, InterruptedException {
    for (int i = 1; ; i++) {
      try {
        servers.call(server, new Command.Describe());
        return;
      } catch (UnreachableException e) {
        if (i == LOOKS_MAX) throw e;
        time.sleep(LOOK_EVERY);
      }
    }
  }

  String node() {
    return group.node();
  }

  private String catalog() {
    return group.catalog().name();
  }

  /** The first of them. */
  String only(Role role) {
    return first(role).name();
  }

  ServerRecord archive() {
    return first(Role.ARCHIVE);
  }

  private ServerRecord first(Role role) {
    return group.servers(role).getFirst();
  }

  /** Makes the volume at its storage and at the archive; the epoch of its reservation. */
  long add(ProtectionRecord record) throws IOException, InterruptedException, RefusedException {
    String volume = record.volume();
    Command reserve =
        new Command.Reserve(
            volume, OperationKind.ADD_VOLUME, RUN + volume, RUN + volume, RUN, Optional.empty());
    if (!(ask(catalog(), reserve) instanceof Reply.Reserved reserved)) {
      throw new IOException("%s cannot be reserved in the training".formatted(volume));
    }
    long epoch = reserved.reservation().epoch();
    if (!(ask(catalog(), new Command.WriteProtection(epoch, record))
        instanceof Reply.SignedRecord signed)) {
      throw new IOException("the record of %s was not signed in the training".formatted(volume));
    }
    for (String server : List.of(record.storage(), record.primary())) {
      carryOut(server, volume, "add-" + server, epoch, new Work.AddVolume(signed.record()));
    }
    return epoch;
  }

  void carryOut(String server, String volume, String step, long epoch, Work work)
      throws IOException, InterruptedException, RefusedException {
    String operation = RUN + volume + "/" + step;
    Reply reply = ask(server, new Command.Start(operation, volume, epoch, work));
    for (int i = 0;
        i < ASKS_MAX && reply instanceof Reply.Operation found && found.report().running();
        i++) {
      time.sleep(ASK_EVERY);
      reply = ask(server, new Command.Watch(operation, volume));
    }
    if (!(reply instanceof Reply.Operation over)
        || over.report().state() != OperationReport.State.DONE) {
      throw new IOException("the training's %s at %s came to %s".formatted(step, server, reply));
    }
  }

  /** Until the archive can restore that gid. */
  void awaitPoint(String volume, long gid)
      throws IOException, InterruptedException, RefusedException {
    for (int i = 0; i < LOOKS_MAX; i++) {
      Reply reply = ask(archive().name(), new Command.ListPoints(volume, gid, 1));
      if (reply instanceof Reply.Points found && !found.points().isEmpty()) return;
      time.sleep(LOOK_EVERY);
    }
    throw new IOException("gid %d of %s did not become restorable".formatted(gid, volume));
  }

  Reply ask(String server, Command command)
      throws IOException, InterruptedException, RefusedException {
    return GroupConnection.accepted(servers.call(server, command));
  }
}
