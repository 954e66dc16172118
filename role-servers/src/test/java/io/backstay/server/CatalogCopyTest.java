package io.backstay.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.wire.Reply;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class CatalogCopyTest {
  @Test
  void aCopyHasTheBytesThatAreDrawn() throws Exception {
    CatalogCopy copy =
        new CatalogCopy(
            Instant.parse("2026-11-21T12:00:00Z"),
            new Reply.CatalogRecords(5, "g", List.of(), List.of(), List.of()));
    assertThat(HexFormat.of().formatHex(copy.encode()))
        .isEqualTo(
            "424b4343" // magic
                + "01000000" // version
                + "85000000" // content bytes
                + "862d3ad3" // checksum of header and content
                + "bf69636f6e6669726d65647432303236" // {"confirmed": "2026
                + "2d31312d32315431323a30303a30305a" // -11-21T12:00:00Z",
                + "677265636f726473bf6269736f636174" // "records": {"is": "cat
                + "616c6f672d7265636f72647368726576" // alog-records", "rev
                + "6973696f6e056567726f757061676773" // ision": 5, "group": "g", "s
                + "657276657273806e7365727665725665" // ervers": [], "serverVe
                + "7273696f6e73bfff6b70726f74656374" // rsions": {}, "protect
                + "696f6e73806c7265736572766174696f" // ions": [], "reservatio
                + "6e7380ffff"); // ns": []}}
    assertThat(CatalogCopy.decode(copy.encode())).isEqualTo(copy);
  }
}
