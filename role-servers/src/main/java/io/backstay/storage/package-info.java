/** The storage role: the volumes of a node, and their bytes on the way to an archive. */
package io.backstay.storage;
