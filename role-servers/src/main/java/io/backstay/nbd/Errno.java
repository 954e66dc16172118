package io.backstay.nbd;

/** The errors that NBD knows; what an {@link Export} answers when it cannot do a request. */
public final class Errno {
  private Errno() {}

  public static final int EPERM = 1;
  public static final int EIO = 5;
  public static final int ENOMEM = 12;
  public static final int EINVAL = 22;
  public static final int ENOSPC = 28;
  public static final int EOVERFLOW = 75;
  public static final int ENOTSUP = 95;
  public static final int ESHUTDOWN = 108;
}
