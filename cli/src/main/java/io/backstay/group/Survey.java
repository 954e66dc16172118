package io.backstay.group;

import io.backstay.model.ProtectionRecord;
import io.backstay.model.ServerRecord;
import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import io.backstay.wire.CatalogView;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import io.backstay.wire.Servers;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Asks everybody at once how they are, and believes only what they answer. */
public final class Survey {
  static final Duration ANSWER_MAX = Duration.ofSeconds(3);

  private final Layout layout;
  private final GroupFile group;
  private final Servers asked;
  private final TemporalProbe temporal;
  private final Time time;
  private final Processes processes;
  private final Confirmations confirmations;
  private final Map<String, Reply> facts = new ConcurrentHashMap<>();
  private final Map<String, Reply.Volumes> volumes = new ConcurrentHashMap<>();
  private final Map<String, String> troubles = new ConcurrentHashMap<>();
  private volatile Optional<CatalogView> known = Optional.empty();

  /** Asks a Temporal server that is not the group's own, in any way that proves that it serves. */
  public interface TemporalProbe {
    void ask() throws IOException;
  }

  /**
   * @param temporal for a group that does not run Temporal itself
   */
  public Survey(Layout layout, GroupFile group, Servers asked, TemporalProbe temporal, Time time) {
    this.layout = layout;
    this.group = group;
    this.asked = asked;
    this.temporal = temporal;
    this.time = time;
    this.processes = new Processes(layout, ProcessTable.ofThisMachine());
    this.confirmations = Confirmations.read(layout.confirmations());
  }

  /** Whoever has not answered within some seconds is unknown. */
  public StatusReport take() throws InterruptedException {
    List<Runnable> questions = new ArrayList<>();
    for (ServerRecord server : group.servers()) questions.add(() -> ask(server));
    questions.add(this::readCatalog);
    Gate answered = askAll(questions);
    // Not on a virtual thread: its socket would start pollers, for which the JVM waits at exit.
    askTemporal();
    answered.await(ANSWER_MAX);
    Instant now = time.now();
    Heard heard = new Heard(volumes, confirmations.all(), now);
    facts.keySet().forEach(name -> confirmations.confirmed(name, now));
    confirmations.write();
    return report(heard);
  }

  /** Open when all are answered. */
  private Gate askAll(List<Runnable> questions) {
    AtomicInteger open = new AtomicInteger(questions.size());
    Gate answered = time.gate();
    for (Runnable question : questions) {
      time.fork(
          "status",
          () -> {
            question.run();
            if (open.decrementAndGet() == 0) answered.open();
          });
    }
    return answered;
  }

  private void ask(ServerRecord server) {
    try {
      facts.put(server.name(), asked.call(server.name(), new Command.Describe()));
      switch (server.role()) {
        case STORAGE, PROXY, ARCHIVE -> {
          Reply reply = asked.call(server.name(), new Command.ListVolumes());
          if (reply instanceof Reply.Volumes its) volumes.put(server.name(), its);
        }
        case CATALOG, WORKER, OPERATOR, CLIENT -> {}
      }
    } catch (IOException e) {
      troubles.put(server.name(), String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void readCatalog() {
    try {
      known = Optional.of(asked.catalog());
    } catch (IOException e) {
      troubles.put(group.catalog().name(), String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void askTemporal() {
    GroupFile.TemporalPlace place = group.temporal();
    try {
      if (place.embedded()) new TemporalHttp(place).namespace();
      else temporal.ask();
      facts.put(Member.TEMPORAL, new Reply.Done());
    } catch (IOException e) {
      troubles.put(Member.TEMPORAL, String.valueOf(e.getMessage()));
    }
  }

  private StatusReport report(Heard heard) {
    Instant now = heard.now();
    Optional<Long> supervisor = pid(Member.SUPERVISOR);
    return new StatusReport(
        group.group(),
        layout.directory().toString(),
        now,
        new StatusReport.Process(
            supervisor, supervisor.isPresent() ? StatusReport.State.UP : StatusReport.State.DOWN),
        group.servers().stream().map(server -> server(server, now)).toList(),
        temporal(),
        known.map(CatalogView::confirmed),
        records().stream().map(record -> new VolumeView(record, heard).report()).toList());
  }

  private Optional<Long> pid(String name) {
    return processes.find(name).map(ProcessIdentity::pid);
  }

  private StatusReport.State state(String name, Optional<Long> pid) {
    if (facts.containsKey(name)) return StatusReport.State.UP;
    return pid.isEmpty() ? StatusReport.State.DOWN : StatusReport.State.UNKNOWN;
  }

  private Optional<Instant> since(String name, StatusReport.State state) {
    return state == StatusReport.State.UNKNOWN ? confirmations.last(name) : Optional.empty();
  }

  private StatusReport.Server server(ServerRecord server, Instant now) {
    Optional<Long> pid = pid(server.name());
    StatusReport.State state = state(server.name(), pid);
    Optional<Reply.ServerFacts> answer =
        facts.get(server.name()) instanceof Reply.ServerFacts its
            ? Optional.of(its)
            : Optional.empty();
    return new StatusReport.Server(
        server.name(),
        server.role(),
        server.node(),
        answer.map(Reply.ServerFacts::pid).or(() -> pid),
        server.address(),
        state,
        since(server.name(), state),
        answer.map(Reply.ServerFacts::started),
        answer.map(Reply.ServerFacts::software),
        answer.map(its -> Duration.between(now, its.certificateExpiry()).toDays()),
        state == StatusReport.State.UP ? Optional.empty() : Optional.of(trouble(server.name())));
  }

  private String trouble(String name) {
    return troubles.getOrDefault(name, "no answer within %d s".formatted(ANSWER_MAX.toSeconds()));
  }

  private StatusReport.Temporal temporal() {
    GroupFile.TemporalPlace place = group.temporal();
    Optional<Long> pid = place.embedded() ? pid(Member.TEMPORAL) : Optional.empty();
    boolean gone = place.embedded() && pid.isEmpty();
    StatusReport.State state =
        facts.containsKey(Member.TEMPORAL)
            ? StatusReport.State.UP
            : gone ? StatusReport.State.DOWN : StatusReport.State.UNKNOWN;
    return new StatusReport.Temporal(
        place.address(),
        place.uiUrl(),
        pid,
        place.embedded(),
        place.namespace(),
        state,
        since(Member.TEMPORAL, state),
        Optional.ofNullable(troubles.get(Member.TEMPORAL)));
  }

  private List<ProtectionRecord> records() {
    return known.stream()
        .flatMap(view -> view.volumes().values().stream())
        .sorted(Comparator.comparing(ProtectionRecord::volume))
        .toList();
  }
}
