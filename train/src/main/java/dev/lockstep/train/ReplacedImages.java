package dev.lockstep.train;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.lockstep.collective.Collective;
import dev.lockstep.image.BadImages;
import dev.lockstep.text.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The bad images that all processes together have replaced, by index in the dataset, each with the reason. Every
 * process gets the same ones.
 */
final class ReplacedImages {
    private ReplacedImages() {}

    /**
     * Shares them among all processes. This is a collective call: every process must make it, and only if the number
     * of replaced images over all processes, which all of them know, is above zero.
     *
     * @param own the indices that this process has replaced
     */
    static SortedMap<Integer, String> gather(Collective collective, Collection<Integer> own, BadImages reasons) {
        SortedMap<Integer, String> mine = new TreeMap<>();
        own.forEach(index -> mine.put(index, reasons.reason(index)));
        SortedMap<Integer, String> all = new TreeMap<>();
        try {
            for (byte[] bytes :
                    collective.allGather(Json.MAPPER.writeValueAsString(mine).getBytes(StandardCharsets.UTF_8))) {
                all.putAll(Json.MAPPER.readValue(bytes, new TypeReference<TreeMap<Integer, String>>() {}));
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return all;
    }
}
