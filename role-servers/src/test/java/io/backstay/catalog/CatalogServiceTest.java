package io.backstay.catalog;

import static io.backstay.catalog.Catalogs.*;
import static io.backstay.model.OperationKind.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.authority.Signer;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.pki.CertificateAuthority;
import io.backstay.pki.CertificateFiles;
import io.backstay.seam.Time;
import io.backstay.twin.MemoryDisk;
import io.backstay.wire.Command;
import io.backstay.wire.Peer;
import io.backstay.wire.Reply;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CatalogServiceTest {
  private static final Peer OPERATOR = new Peer("g", "cli", Role.OPERATOR);

  private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
  private final CatalogService catalog =
      new CatalogService(
          "g", new MemoryDisk().directory("/catalog"), UNSIGNED, Time.system(), metrics);

  /** Rule K5: a certificate names roles, and these say what may be asked. */
  @Test
  void onlyOperatorsAndWorkersChangeVolumes() throws IOException {
    catalog.start();
    Set<Role> mayChange = EnumSet.of(Role.OPERATOR, Role.WORKER);
    for (Role role : Role.values()) {
      boolean may = mayChange.contains(role);
      assertThat(isAllowed(role, reserve("vol0", ADD_VOLUME, "r1"))).isEqualTo(may);
      assertThat(isAllowed(role, new Command.WriteProtection(1, record("vol0", 1)))).isEqualTo(may);
      assertThat(isAllowed(role, new Command.RemoveProtection(1, "vol0"))).isEqualTo(may);
      assertThat(isAllowed(role, new Command.Release("vol0", 1))).isEqualTo(may);
    }
  }

  /** Rule K5. */
  @Test
  void onlyOperatorsAndTheCatalogItselfWriteServers() throws IOException {
    catalog.start();
    for (Role role : Role.values()) {
      assertThat(isAllowed(role, new Command.WriteServer(server("a0", 1), 0)))
          .isEqualTo(role == Role.OPERATOR || role == Role.CATALOG);
    }
  }

  /** Rule K5. */
  @Test
  void everyRoleOfTheGroupReadsTheCatalog() throws IOException {
    catalog.start();
    for (Role role : Role.values()) {
      assertThat(isAllowed(role, new Command.ReadCatalog())).isTrue();
    }
  }

  /** Rule K1: a connection of another group gets nothing. */
  @Test
  void aPeerOfAnotherGroupIsRefused() throws IOException {
    catalog.start();
    assertThatThrownBy(
            () -> catalog.answer(new Peer("other", "o", Role.OPERATOR), new Command.ReadCatalog()))
        .isInstanceOf(RefusedException.class)
        .extracting(e -> ((RefusedException) e).refusal().code())
        .isEqualTo(RefusalCode.WRONG_GROUP);
  }

  /** Rule M3: a server takes a record that the catalog of its group signed. */
  @Test
  void aServerOfTheGroupTrustsWhatTheCatalogSigned(@TempDir Path pki) throws Exception {
    CertificateAuthority ca = CertificateAuthority.create(pki, "g", Time.system());
    CertificateFiles files = ca.issueSigning("c0", Role.CATALOG, pki);
    Signer signer = Signer.load(files.key(), files.certificate());
    CatalogService signing =
        new CatalogService(
            "g",
            new MemoryDisk().directory("/signing"),
            signer::sign,
            Time.system(),
            new SimpleMeterRegistry());
    signing.start();
    signing.answer(OPERATOR, reserve("vol0", ADD_VOLUME, "r1"));
    Reply reply = signing.answer(OPERATOR, new Command.WriteProtection(1, record("vol0", 1)));
    assertThat(ca.authority().verifyRecord(((Reply.SignedRecord) reply).record()))
        .isEqualTo(record("vol0", 1));
  }

  @Test
  void aRefusedWriteChangesNothing() throws Exception {
    catalog.start();
    assertThat(isAllowed(Role.ARCHIVE, new Command.WriteServer(server("a0", 1), 0))).isFalse();
    assertThat(((Reply.CatalogRecords) ask(new Command.ReadCatalog())).revision()).isZero();
  }

  @Test
  void nothingIsAnsweredBeforeTheStartAndAfterTheStop() throws Exception {
    assertThatThrownBy(() -> ask(new Command.ReadCatalog())).hasMessageContaining("not started");
    catalog.start();
    ask(new Command.ReadCatalog());
    catalog.stop();
    assertThatThrownBy(() -> ask(new Command.ReadCatalog())).hasMessageContaining("not started");
  }

  @Test
  void aReservationSaysWhenItWasGiven() throws Exception {
    catalog.start();
    Instant before = Instant.now();
    Instant since = reserved(ask(reserve("vol0", ADD_VOLUME, "r1"))).since();
    assertThat(since).isBetween(before, Instant.now());
  }

  @Test
  void theCatalogHasNoVolumesOrOperationsOfItsOwn() throws Exception {
    catalog.start();
    assertThat(ask(new Command.ListVolumes())).isEqualTo(new Reply.Volumes(List.of()));
    assertThat(ask(new Command.ListOperations(Optional.empty())))
        .isEqualTo(new Reply.Operations(List.of()));
  }

  @Test
  void whatOtherServersAnswerIsUnsupported() throws Exception {
    catalog.start();
    for (Command command : List.of(new Command.ListPoints("vol0"), new Command.Unknown())) {
      assertThatThrownBy(() -> ask(command))
          .isInstanceOf(RefusedException.class)
          .extracting(e -> ((RefusedException) e).refusal().code())
          .isEqualTo(RefusalCode.UNSUPPORTED);
    }
  }

  @Test
  void metricsShowRevisionLogAndReservations() throws Exception {
    assertThat(gauge("revision")).isNaN();
    catalog.start();
    double empty = gauge("log.bytes");
    ask(reserve("vol0", ADD_VOLUME, "r1"));
    assertThat(gauge("revision")).isEqualTo(1);
    assertThat(gauge("reservations")).isEqualTo(1);
    assertThat(gauge("log.bytes")).isGreaterThan(empty);
  }

  private double gauge(String name) {
    return metrics.get("backstay.catalog." + name).gauge().value();
  }

  private Reply ask(Command command) throws RefusedException, IOException {
    return catalog.answer(OPERATOR, command);
  }

  private boolean isAllowed(Role role, Command command) throws IOException {
    try {
      catalog.answer(new Peer("g", "somebody", role), command);
      return true;
    } catch (RefusedException e) {
      assertThat(e.refusal().code()).isEqualTo(RefusalCode.NOT_AUTHORISED);
      return false;
    }
  }
}
