package io.backstay.nbd;

/**
 * The numbers of the NBD protocol, as its specification names them. All integers are big endian.
 *
 * <pre>
 * request, 28 bytes            simple reply, 16 bytes     chunk of a structured reply, 20 bytes
 *  0  u32 REQUEST_MAGIC         0  u32 SIMPLE_MAGIC        0  u32 CHUNK_MAGIC
 *  4  u16 flags                 4  u32 errno               4  u16 flags
 *  6  u16 command               8  u64 cookie              6  u16 type
 *  8  u64 cookie               16  bytes read              8  u64 cookie
 * 16  u64 offset                                          16  u32 length of what follows
 * 24  u32 length                                          20  by type
 * 28  bytes to write
 *
 * option, 16 bytes             reply to an option, 20 bytes
 *  0  u64 OPTION_MAGIC          0  u64 OPTION_REPLY_MAGIC
 *  8  u32 option                8  u32 option
 * 12  u32 length               12  u32 type
 * 16  data                     16  u32 length
 *                              20  data
 * </pre>
 */
final class Protocol {
  private Protocol() {}

  static final int REQUEST_BYTES = 28;
  static final int SIMPLE_BYTES = 16;
  static final int CHUNK_BYTES = 20;
  static final int OPTION_BYTES = 16;
  static final int OPTION_REPLY_BYTES = 20;

  // ---- negotiation

  static final long GREETING_MAGIC = 0x4e42444d41474943L;
  static final long OPTION_MAGIC = 0x49484156454F5054L;
  static final long OPTION_REPLY_MAGIC = 0x0003e889045565a9L;

  /** Handshake flags, the same bits for server and client. */
  static final int FIXED_NEWSTYLE = 1;

  static final int NO_ZEROES = 1 << 1;
  static final int ZEROES_BYTES = 124;

  static final int OPT_EXPORT_NAME = 1;
  static final int OPT_ABORT = 2;
  static final int OPT_LIST = 3;
  static final int OPT_STARTTLS = 5;
  static final int OPT_INFO = 6;
  static final int OPT_GO = 7;
  static final int OPT_STRUCTURED_REPLY = 8;
  static final int OPT_LIST_META_CONTEXT = 9;
  static final int OPT_SET_META_CONTEXT = 10;

  static final int REP_ACK = 1;
  static final int REP_SERVER = 2;
  static final int REP_INFO = 3;
  static final int REP_META_CONTEXT = 4;
  static final int REP_ERR_UNSUP = 1 << 31 | 1;
  static final int REP_ERR_POLICY = 1 << 31 | 2;
  static final int REP_ERR_INVALID = 1 << 31 | 3;
  static final int REP_ERR_TLS_REQD = 1 << 31 | 5;
  static final int REP_ERR_UNKNOWN = 1 << 31 | 6;

  static final int INFO_EXPORT = 0;
  static final int INFO_NAME = 1;
  static final int INFO_DESCRIPTION = 2;
  static final int INFO_BLOCK_SIZE = 3;

  static final String BASE_ALLOCATION = "base:allocation";
  static final int BASE_ALLOCATION_ID = 1;
  static final int EXTENT_HOLE = 1;
  static final int EXTENT_ZERO = 1 << 1;

  // ---- transmission flags of an export

  static final int HAS_FLAGS = 1;
  static final int READ_ONLY = 1 << 1;
  static final int SEND_FLUSH = 1 << 2;
  static final int SEND_FUA = 1 << 3;
  static final int SEND_TRIM = 1 << 5;
  static final int SEND_WRITE_ZEROES = 1 << 6;
  static final int SEND_DF = 1 << 7;
  static final int CAN_MULTI_CONN = 1 << 8;
  static final int SEND_CACHE = 1 << 10;
  static final int SEND_FAST_ZERO = 1 << 11;

  // ---- requests and replies

  static final int REQUEST_MAGIC = 0x25609513;
  static final int SIMPLE_MAGIC = 0x67446698;
  static final int CHUNK_MAGIC = 0x668e33ef;

  static final int READ = 0;
  static final int WRITE = 1;
  static final int DISCONNECT = 2;
  static final int FLUSH = 3;
  static final int TRIM = 4;
  static final int CACHE = 5;
  static final int WRITE_ZEROES = 6;
  static final int BLOCK_STATUS = 7;

  static final int FLAG_FUA = 1;
  static final int FLAG_NO_HOLE = 1 << 1;
  static final int FLAG_DF = 1 << 2;
  static final int FLAG_REQ_ONE = 1 << 3;
  static final int FLAG_FAST_ZERO = 1 << 4;

  static final int CHUNK_DONE = 1;
  static final int CHUNK_OFFSET_DATA = 1;
  static final int CHUNK_BLOCK_STATUS = 5;
  static final int CHUNK_ERROR = 1 << 15 | 1;
}
