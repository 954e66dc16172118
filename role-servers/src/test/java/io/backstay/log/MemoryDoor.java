package io.backstay.log;

import io.backstay.nbd.Export;
import io.backstay.nbd.VolumeDoor;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Volumes that are served to whoever has this object. */
public final class MemoryDoor implements VolumeDoor {
  private final Map<String, Export> exports = new ConcurrentHashMap<>();

  @Override
  public String open(Export export) {
    exports.put(export.name(), export);
    return "memory:" + export.name();
  }

  @Override
  public void close(String volume) {
    exports.remove(volume);
  }

  public Export export(String volume) {
    return exports.get(volume);
  }
}
