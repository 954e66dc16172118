package io.backstay.wire;

import java.io.IOException;

/**
 * How the control plane reaches the servers of the group, by name. Implemented over the network by
 * {@code role-servers}, and in memory by tests.
 */
public interface Servers {
  /**
   * Sends one command and waits for its reply; a refusal is a reply.
   *
   * @param server name as in the catalog
   * @throws UnreachableException at once when the server cannot be reached or the connection is
   *     lost before the reply, in which case the command may or may not have been carried out (rule
   *     K4)
   */
  Reply call(String server, Command command) throws IOException, InterruptedException;

  /**
   * The newest copy of the catalog that can be had: the catalog's own, else the last durable one
   * (rule K1).
   */
  CatalogView catalog() throws IOException, InterruptedException;
}
