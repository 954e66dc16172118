package io.backstay.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a person types wrong ends in a clear failure, never in a run that hangs (rule F3). */
class BadInputTest {
  private static final TestGroup GROUP = TestGroup.start();

  @AfterAll
  static void close() {
    GROUP.close();
  }

  private static Refusal refused(String type, String json) throws Exception {
    Outcome outcome = GROUP.await(GROUP.startRaw(type, "bad/" + type + json, json));
    return ((Outcome.Failed) outcome).refusal();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "FullBackup | {\"volume\":\"vol0\",\"mode\":\"FULL\"} | there is no field 'mode'",
        "FullBackup | {\"volume_name\":\"vol0\"} | there is no field 'volume_name'; there are archive,",
        "Restore | {\"volume\":\"vol0\",\"too\":\"/x\"} | there is no field 'too'; there are archive, at,",
        "FullBackup | {\"volume\":7} | field 'volume'",
        "FullBackup | {\"rateLimit\":\"1MiB/s\"} | 'null' is not a volume name",
        "FullBackup | {\"volume\":\"vol0\",\"rateLimit\":\"fast\"} | 'fast' is not a rate limit",
        "FullBackup | {\"volume\": | not valid",
        "FullBackup | \"vol0\" | not valid",
        "FullBackup | [] | not valid",
        "FullBackup | null | none was given",
        "Restore | {\"volume\":\"vol0\"} | no target was given",
        "Restore | {\"volume\":\"vol0\",\"to\":\"/x\",\"gid\":\"7\"} | field 'gid'",
        "VerifyRestore | {\"volume\":\"vol0\",\"gid\":-1} | gid is negative",
        "AddVolume | {\"volume\":\"vol0\",\"kind\":\"round\",\"device\":\"/x\"} | field 'kind'",
        "ClearVolume | {\"volume\":\"vol0\",\"grant\":\"x\"} | the grant is not base64",
        "DeletePoint | {\"volume\":\"vol0\"} | no gid was given",
        "Resize | {\"volume\":\"vol0\"} | no size was given",
        "Resize | {\"volume\":\"vol0\",\"sizeBytes\":1000} | is a multiple of 4096, or of 512",
        "Resize | {\"volume\":\"vol0\",\"sizeBytes\":-512} | is a multiple of 4096, or of 512",
        "Resize | {\"volume\":\"vol0\",\"size\":\"20G\"} | there is no field 'size'",
        "SetVolume | {\"volume\":\"log0\"} | nothing to change was given",
        "SetVolume | {\"volume\":\"log0\",\"compression\":\"zip\"} | 'zip' is no compression",
        "SetVolume | {\"volume\":\"log0\",\"rateLimit\":\"0\"} | '0' is not a rate limit",
        "SetVolume | {\"volume\":\"log0\",\"cutInterval\":\"0s\"} | is whole seconds, 1 to",
        "SetVolume | {\"volume\":\"log0\",\"proxies\":[]} | is a list of different servers",
        "SetVolume | {\"volume\":\"log0\",\"proxies\":[\"p0\",\"p0\"]} | is a list of different"
      })
  void jsonThatIsNotTheInputFailsTheRun(String type, String json, String reason) throws Exception {
    Refusal refusal = refused(type, json);
    assertThat(refusal.code()).isEqualTo(RefusalCode.BAD_INPUT);
    assertThat(refusal.message()).contains(reason);
    assertThat(refusal.next()).isNotEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "FullBackup",
    "Restore",
    "VerifyRestore",
    "AddVolume",
    "ClearVolume",
    "DeletePoint",
    "Resize",
    "SetVolume"
  })
  void aMissingArgumentFailsTheRun(String type) throws Exception {
    Refusal refusal = refused(type, null);
    assertThat(refusal.code()).isEqualTo(RefusalCode.BAD_INPUT);
    assertThat(refusal.message()).isEqualTo(type + " takes one JSON object, none was given");
  }

  @Test
  void anUnknownTypeFailsAndListsThoseThereAre() throws Exception {
    Refusal refusal = refused("FullBakcup", "{\"volume\":\"vol0\"}");
    assertThat(refusal.code()).isEqualTo(RefusalCode.UNKNOWN_WORKFLOW);
    assertThat(refusal.message()).isEqualTo("there is no workflow 'FullBakcup'");
    assertThat(refusal.found())
        .isEqualTo(
            "there are AddVolume, Apply, ClearVolume, DeletePoint, FullBackup, Merge, Resize, Restore, SetVolume, Snapshot, VerifyRestore");
  }
}
