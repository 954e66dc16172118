package io.backstay.cli;

import io.backstay.group.GroupFile;
import io.backstay.group.NbdAddress;
import io.backstay.model.Names;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.VolumeKind;
import io.backstay.pki.CertificateAuthority;
import io.backstay.pki.ClientFiles;
import io.backstay.wire.Servers;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.Period;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code volume client}: lets an NBD client in that may use a few volumes (rule K5). */
@Command(
    name = "client",
    description = {
      "Make a certificate with which an NBD client may use these volumes over TLS, and nothing else.",
      "In the directory are then ca-cert.pem, client-cert.pem and client-key.pem, as libnbd and QEMU",
      "look for them. The same command again, before the certificate ends, renews it."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  backstay volume client vol0 --name db1 --to /srv/db1",
      "  nbdinfo 'nbds://storage.example:10809/vol0?tls-certificates=/srv/db1'"
    })
final class ClientCommand implements Callable<Integer> {
  private static final int DAYS_MAX = 365;
  private final Shell shell;

  @Parameters(arity = "1..*", paramLabel = "NAME", description = "Names of the volumes.")
  private List<String> volumes;

  @Option(
      names = "--name",
      required = true,
      paramLabel = "CLIENT",
      description = "What the client is called in the certificate and in the storage's log.")
  private String client;

  @Option(
      names = "--to",
      required = true,
      paramLabel = "DIR",
      description = "Directory on this machine; made if it is not there. One for each client.")
  private Path directory;

  @Option(
      names = "--days",
      paramLabel = "N",
      defaultValue = "365",
      description = "Life of the certificate, 1 to 365. Nothing takes it back earlier.")
  private int days;

  ClientCommand(Shell shell) {
    this.shell = shell;
  }

  /**
   * @param nbdUri empty where the volume's storage listens on Unix sockets only
   */
  record Usable(String volume, Optional<String> nbdUri) {}

  record Made(
      String client,
      List<Usable> volumes,
      String caFile,
      String certificateFile,
      String keyFile,
      Instant validUntil) {}

  @Override
  public Integer call() throws Exception {
    Names.require("client", client);
    if (days < 1 || days > DAYS_MAX) {
      throw new IllegalArgumentException(
          "--days %d: a certificate lives 1 to %d days".formatted(days, DAYS_MAX));
    }
    GroupFile group = shell.group();
    ClientFiles files = new ClientFiles(directory.toAbsolutePath().normalize());
    Map<String, Optional<NbdAddress>> addresses = new LinkedHashMap<>();
    try (GroupConnection connection = new GroupConnection(shell.layout(), shell.time())) {
      Servers servers = connection.servers(group);
      for (String volume : volumes) {
        addresses.put(volume, NbdAddress.of(shell.layout(), storage(servers, volume)));
      }
    }
    Made made = made(files, addresses, issue(group, files));
    shell.output().object(made, () -> text(made, files));
    return 0;
  }

  private static String storage(Servers servers, String volume)
      throws RefusedException, IOException, InterruptedException {
    ProtectionRecord record = VolumeCommands.record(servers, volume);
    if (record.kind() == VolumeKind.LOGGED) return record.storage();
    throw new RefusedException(
        Refusal.of(RefusalCode.NEEDS_LOG, "a plain volume is not served by Backstay")
            .attempted("let an NBD client use " + volume));
  }

  private Instant issue(GroupFile group, ClientFiles files) throws IOException, RefusedException {
    try {
      return CertificateAuthority.open(shell.layout().authority(), group.group(), shell.time())
          .issueClient(client, Set.copyOf(volumes), Period.ofDays(days), files)
          .getNotAfter()
          .toInstant();
    } catch (FileAlreadyExistsException e) {
      throw new RefusedException(
          Refusal.of(RefusalCode.NOT_EMPTY, "something else is in the directory")
              .attempted("write a certificate of %s to %s".formatted(client, files.directory()))
              .found("%s: %s".formatted(e.getFile(), e.getReason()))
              .next("choose a directory for this client alone"));
    }
  }

  private Made made(
      ClientFiles files, Map<String, Optional<NbdAddress>> addresses, Instant validUntil) {
    List<Usable> usable = new ArrayList<>();
    addresses.forEach((volume, address) ->
        usable.add(new Usable(volume, address.map(found -> found.uri(volume, files.directory())))));
    return new Made(
        client,
        usable,
        files.ca().toString(),
        files.certificate().toString(),
        files.key().toString(),
        validUntil);
  }

  private static String text(Made made, ClientFiles files) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "%s may use %s until %s, with the files in %s:"
            .formatted(
                made.client,
                String.join(", ", made.volumes.stream().map(Usable::volume).toList()),
                made.validUntil,
                files.directory()));
    for (Usable one : made.volumes) {
      lines.add(
          one.nbdUri
              .map(uri -> "  nbdinfo '" + uri + "'")
              .orElse(
                  "  %s is served on a Unix socket only: its storage's configuration has no nbdListen"
                      .formatted(one.volume)));
    }
    return String.join("\n", lines);
  }
}
