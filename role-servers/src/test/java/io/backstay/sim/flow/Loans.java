package io.backstay.sim.flow;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.model.OperationKind;
import io.backstay.nbd.Export;
import io.backstay.seam.Time;
import io.backstay.sim.Engine;
import io.backstay.sim.Outcome;
import io.backstay.sim.Run;
import io.backstay.sim.SimulatedGroup;
import io.backstay.sim.SimulatedServer;
import io.backstay.sim.SimulatedTime;
import io.backstay.sim.Violation;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * Points that archives serve at once, read-only or copy-on-write, while everything else goes on
 * (rule X8): each is what the volume was, in every life of its archive, and its point is held (rule
 * X10) until somebody gives it back.
 */
final class Loans {
  private static final Duration LOOK = Duration.ofSeconds(2);

  /** An archive that serves serves its exports soon. */
  private static final Duration SERVED_WITHIN = Duration.ofMinutes(2);

  private final SimulatedGroup group;
  private final Engine engine;
  private final FlowScripts scripts;
  private final Promises promises;
  private final Ills ills;
  private final RandomGenerator random;
  private final List<Loan> loans = new ArrayList<>();
  private final List<Loan> unheard = new ArrayList<>();
  private boolean hurry;

  Loans(SimulatedGroup group, Engine engine, FlowScripts scripts, Promises promises, Ills ills) {
    this.group = group;
    this.engine = engine;
    this.scripts = scripts;
    this.promises = promises;
    this.ills = ills;
    this.random = group.scheduler().splitRandom();
  }

  /** The loan, and the run that is to open it. */
  record Opening(Loan loan, Run run) {}

  Opening open(FlowVolume volume, String archive, long gid) {
    Loan loan =
        new Loan(loans.size(), volume, group.server(archive), gid, random.nextInt(3) > 0, ills);
    loans.add(loan);
    Run.Script script =
        scripts.openExport(volume.name(), archive, gid, loan.name(), loan.writable());
    return new Opening(loan, start("export", loan, script));
  }

  private Run start(String what, Loan loan, Run.Script script) {
    return engine.start(
        what + "/" + loan.name() + "/" + engine.runs().size(),
        loan.volume().name(),
        OperationKind.VERIFY,
        script);
  }

  /**
   * What came of it: from now on it is used, for at most so long.
   *
   * @return whether it is open
   */
  boolean opened(Opening opening, Duration atMost) {
    Loan loan = opening.loan();
    boolean open = opening.run().outcome().orElseThrow() instanceof Outcome.Done;
    if (open) {
      loan.volume().listings().lent(loan.archive().name(), loan.gid());
      group.worldTime().fork("borrowers of " + loan.name(), () -> untilReturned(loan));
    }
    long until = group.scheduler().nanos() + (open ? 1 + random.nextLong(atMost.toNanos()) : 0);
    group.worldTime().fork("end of " + loan.name(), () -> giveBack(loan, open, until));
    return open;
  }

  // ---- using it

  private void untilReturned(Loan loan) {
    Optional<Export> here = Optional.empty();
    try {
      while (!loan.isClosing()) {
        Optional<Export> served = group.export(loan.archive(), loan.name());
        if (served.isPresent() && !served.equals(here)) {
          here = served;
          borrow(loan, served.get());
        }
        if (served.isEmpty() && loan.archive().servesSince(SERVED_WITHIN) && !loan.mayFail())
          throw new Violation("6", loan + " is not served any more");
        group.scheduler().sleep(random.nextLong(LOOK.toNanos()) + 1);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** One life of it, as a thread of its archive's process. */
  private void borrow(Loan loan, Export export) {
    SimulatedServer.Life life = loan.archive().life().orElseThrow();
    Time time = new SimulatedTime(group.scheduler(), life.process(), () -> 0);
    Borrower borrower = new Borrower(group, promises, loan, export, time);
    loan.usedBy(life.process());
    time.fork(
        "borrower of " + loan.name(),
        () -> {
          try {
            borrower.use(life.process());
            loan.unused();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  // ---- its end

  private void giveBack(Loan loan, boolean open, long untilNanos) {
    try {
      while (open && !hurry && group.scheduler().nanos() < untilNanos)
        group.scheduler().sleep(LOOK.toNanos());
      // It is there as long as it is lent: whoever hears the answer compares.
      if (open)
        start("list", loan, scripts.points(loan.volume().name(), loan.archive().name())).await();
      loan.close();
      while (loan.isUsed()) group.scheduler().sleep(LOOK.toNanos());
      if (open) loan.volume().listings().returned(loan.archive().name(), loan.gid());
      close(loan);
      if (!open) unheard.add(loan);
      loan.giveBack();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void close(Loan loan) throws InterruptedException {
    Run run;
    do {
      run =
          start(
              "close-export",
              loan,
              scripts.closeExport(loan.volume().name(), loan.archive().name(), loan.name()));
      run.await();
    } while (!(run.outcome().orElseThrow() instanceof Outcome.Done));
  }

  /**
   * Whoever asked for it was ended without having heard, and the request may have come late: then
   * it is listed, and somebody closes it.
   */
  void closeUnheard() throws InterruptedException {
    for (Loan loan : unheard) close(loan);
  }

  /** All are given back, soon. */
  void hurry() {
    hurry = true;
  }

  /** Those that come are used as long as they may be. */
  void takeTime() {
    hurry = false;
  }

  boolean areReturned() {
    return loans.stream().allMatch(Loan::isReturned);
  }

  /** Whether each that is open is what it should be in this life of its archive. */
  boolean areCompared() {
    return loans.stream().allMatch(loan -> loan.isClosing() || loan.isCompared());
  }

  /** Nothing is held for nobody. */
  void requireNothingHeld() throws IOException {
    for (Loan loan : loans) {
      if (!loan.isReturned()) continue;
      Optional<JsonNode> meta =
          loan.archive().node().metadata("metadata", "volumes", loan.volume().name());
      for (JsonNode hold : meta.map(all -> all.path("holds")).orElseThrow()) {
        if (hold.path("operation").asText().equals("export/" + loan.name()))
          throw new Violation("10", "%s was given back, and is held: %s".formatted(loan, hold));
      }
    }
  }
}
