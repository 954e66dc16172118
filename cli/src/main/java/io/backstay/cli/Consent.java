package io.backstay.cli;

import io.backstay.authority.Signer;
import io.backstay.group.GroupFile;
import io.backstay.group.OperatorFiles;
import io.backstay.model.Grant;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.workflow.Grants;
import io.backstay.workflow.RunInput;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;

/** A person's leave for what destroys: asked for at the terminal, and signed (rule K5). */
final class Consent {
  /** A grant is checked when the server begins; a run may wait for a server before that. */
  private static final Duration VALID = Duration.ofDays(1);

  private static final int NONCE_BYTES = 16;

  private final Shell shell;
  private final GroupFile group;
  private final OperatorFiles operator;

  Consent(Shell shell, GroupFile group, OperatorFiles operator) {
    this.shell = shell;
    this.group = group;
    this.operator = operator;
  }

  /**
   * The person types the volume's name.
   *
   * @param what is destroyed: "all points of vol0"
   * @throws RefusedException when it is another name, or nobody can be asked
   */
  void ask(String volume, String what) throws RefusedException, IOException {
    Refusal refusal =
        Refusal.of(
                RefusalCode.GRANT_REQUIRED,
                "this destroys %s and was not confirmed".formatted(what))
            .attempted("destroy " + what);
    if (!shell.answers()) {
      throw new RefusedException(
          refusal.found("nobody at a terminal to ask").next("give --yes if it is meant"));
    }
    shell.err().print("This destroys %s. Type the volume's name to go on: ".formatted(what));
    shell.err().flush();
    BufferedReader reader =
        new BufferedReader(new InputStreamReader(shell.in(), StandardCharsets.UTF_8));
    String typed = reader.readLine();
    if (typed != null && typed.strip().equals(volume)) return;
    throw new RefusedException(
        Refusal.of(RefusalCode.CANCELLED, "nothing was destroyed")
            .attempted("destroy " + what)
            .found("typed was '%s', not '%s'".formatted(typed, volume))
            .next("give the command again"));
  }

  /**
   * A signed grant for exactly this run.
   *
   * @param command what the server would do: "clear-volume", "restore", "delete-point", "apply",
   *     "merge"
   * @param target a path, a gid, two gids, or "" where the volume says all
   * @return the value of the input field {@code grant}
   */
  String sign(RunInput input, String command, String target) throws IOException {
    byte[] nonce = new byte[NONCE_BYTES];
    shell.time().random().nextBytes(nonce); // unique, not secret
    Signer signer = operator.signing().load();
    Grant grant =
        new Grant(
            group.group(),
            command,
            input.volume(),
            target,
            input.inputHash(),
            shell.time().now().plus(VALID),
            HexFormat.of().formatHex(nonce));
    return Grants.encode(signer.sign(grant));
  }
}
