package io.backstay.nbd;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the server says to the options of one client, and what the two have agreed on so far. The
 * framing of options is {@link Negotiation}'s.
 */
final class Options {
  private static final Logger LOG = LoggerFactory.getLogger(Options.class);
  private static final int NAME_BYTES_MAX = 4096;
  private static final int BLOCK_BYTES_PREFERRED = 4096;

  /** Of a context, with its colon: all contexts of this namespace are asked for. */
  private static final String BASE = "base:";

  private final Entrance entrance;
  private final NbdLimits limits;
  private boolean structured;

  /** The export for which base:allocation was chosen. */
  private Optional<String> extentsOf = Optional.empty();

  Options(Entrance entrance, NbdLimits limits) {
    this.entrance = entrance;
    this.limits = limits;
  }

  /** TLS begins: nothing that was said before counts. */
  void forget() {
    structured = false;
    extentsOf = Optional.empty();
  }

  Verdict.Terms termsFor(ServedExport served) {
    boolean extents = extentsOf.filter(served.export().name()::equals).isPresent();
    return new Verdict.Terms(structured, extents, limits.requestBytes());
  }

  // ---- replies

  static void reply(ByteBuf out, int option, int type, int bytes) {
    out.writeLong(Protocol.OPTION_REPLY_MAGIC).writeInt(option).writeInt(type).writeInt(bytes);
  }

  static void acknowledge(ByteBuf out, int option) {
    reply(out, option, Protocol.REP_ACK, 0);
  }

  static void refuse(ByteBuf out, int option, int error, String reason) {
    byte[] text = reason.getBytes(StandardCharsets.UTF_8);
    reply(out, option, error, text.length);
    out.writeBytes(text);
  }

  // ---- options without an export

  void list(ByteBuf out, Client client, int bytes) {
    if (bytes != 0) {
      refuse(out, Protocol.OPT_LIST, Protocol.REP_ERR_INVALID, "LIST has no data");
      return;
    }
    for (ServedExport served : entrance.exports().list(entrance.shownTo(client))) {
      Export export = served.export();
      byte[] name = export.name().getBytes(StandardCharsets.UTF_8);
      byte[] text = export.description().getBytes(StandardCharsets.UTF_8);
      reply(out, Protocol.OPT_LIST, Protocol.REP_SERVER, Integer.BYTES + name.length + text.length);
      out.writeInt(name.length).writeBytes(name).writeBytes(text);
    }
    acknowledge(out, Protocol.OPT_LIST);
  }

  void structuredReplies(ByteBuf out, int bytes) {
    int option = Protocol.OPT_STRUCTURED_REPLY;
    if (bytes != 0) {
      refuse(out, option, Protocol.REP_ERR_INVALID, "STRUCTURED_REPLY has no data");
      return;
    }
    structured = true;
    acknowledge(out, option);
  }

  // ---- options about an export

  /**
   * An export that this client may use; else what to say is in {@code out}: the same whether there
   * is none or it is not for this client, who has no business to know.
   */
  Optional<ServedExport> find(ByteBuf out, int option, Client client, String name) {
    Optional<ServedExport> found = entrance.exports().find(name, entrance.shownTo(client));
    if (found.isPresent()) return found;
    String reason =
        name.isEmpty() ? "name an export: LIST tells them" : "there is no export " + name;
    refuse(out, option, Protocol.REP_ERR_UNKNOWN, reason);
    if (entrance.hides(client, name)) {
      LOG.warn("NBD: the certificate of {} may not use the export {}", client.name(), name);
    }
    return found;
  }

  /** INFO and GO: the export's name, or why there is none is in {@code out}. */
  Optional<String> infoRequest(ByteBuf out, int option, ByteBuf data) {
    Optional<String> name = readName(data);
    boolean whole =
        name.isPresent()
            && data.readableBytes() >= Short.BYTES
            && data.readUnsignedShort() * Short.BYTES == data.readableBytes();
    if (whole) return name;
    refuse(out, option, Protocol.REP_ERR_INVALID, "a name and a list of kinds were expected");
    return Optional.empty();
  }

  /** All there is to tell of an export, whether asked for or not, as the protocol allows. */
  void tell(ByteBuf out, int option, Client client, ServedExport served) {
    Export export = served.export();
    reply(out, option, Protocol.REP_INFO, 12);
    out.writeShort(Protocol.INFO_EXPORT).writeLong(export.sizeBytes());
    out.writeShort(served.flagsFor(client, structured));
    tell(out, option, Protocol.INFO_NAME, export.name());
    tell(out, option, Protocol.INFO_DESCRIPTION, export.description());
    reply(out, option, Protocol.REP_INFO, 14);
    out.writeShort(Protocol.INFO_BLOCK_SIZE).writeInt(export.blockBytesMin());
    out.writeInt(Math.max(BLOCK_BYTES_PREFERRED, export.blockBytesMin()));
    out.writeInt(limits.requestBytes());
    acknowledge(out, option);
  }

  private static void tell(ByteBuf out, int option, int kind, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    reply(out, option, Protocol.REP_INFO, Short.BYTES + bytes.length);
    out.writeShort(kind).writeBytes(bytes);
  }

  /** The answer to EXPORT_NAME, the way in of old clients. */
  void tellOld(ByteBuf out, Client client, ServedExport served, boolean zeroes) {
    out.writeLong(served.export().sizeBytes()).writeShort(served.flagsFor(client, structured));
    if (zeroes) out.writeZero(Protocol.ZEROES_BYTES);
  }

  void metaContexts(ByteBuf out, int option, Client client, ByteBuf data) {
    boolean set = option == Protocol.OPT_SET_META_CONTEXT;
    if (set) extentsOf = Optional.empty();
    if (set && !structured) {
      refuse(out, option, Protocol.REP_ERR_INVALID, "structured replies come first");
      return;
    }
    Optional<String> name = readName(data);
    Optional<Boolean> wanted = name.isEmpty() ? Optional.empty() : readQueries(data, set);
    if (wanted.isEmpty()) {
      refuse(out, option, Protocol.REP_ERR_INVALID, "a name and a list of queries were expected");
      return;
    }
    Optional<ServedExport> served = find(out, option, client, name.get());
    if (served.isEmpty()) return;
    if (wanted.get()) {
      byte[] context = Protocol.BASE_ALLOCATION.getBytes(StandardCharsets.UTF_8);
      reply(out, option, Protocol.REP_META_CONTEXT, Integer.BYTES + context.length);
      out.writeInt(set ? Protocol.BASE_ALLOCATION_ID : 0).writeBytes(context);
      if (set) extentsOf = Optional.of(served.get().export().name());
    }
    acknowledge(out, option);
  }

  /** Whether base:allocation is among what is asked for; nothing if they cannot be read. */
  private static Optional<Boolean> readQueries(ByteBuf data, boolean set) {
    if (data.readableBytes() < Integer.BYTES) return Optional.empty();
    long queries = data.readUnsignedInt();
    boolean wanted = queries == 0 && !set;
    for (long i = 0; i < queries; i++) {
      Optional<String> query = readName(data);
      if (query.isEmpty()) return Optional.empty();
      wanted |= query.get().equals(Protocol.BASE_ALLOCATION) || !set && query.get().equals(BASE);
    }
    return data.isReadable() ? Optional.empty() : Optional.of(wanted);
  }

  private static Optional<String> readName(ByteBuf data) {
    if (data.readableBytes() < Integer.BYTES) return Optional.empty();
    long bytes = data.readUnsignedInt();
    if (bytes > NAME_BYTES_MAX || bytes > data.readableBytes()) return Optional.empty();
    return Optional.of(data.readString((int) bytes, StandardCharsets.UTF_8));
  }
}
