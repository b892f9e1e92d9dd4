package dev.lockstep.checkpoint;

import dev.lockstep.checkpoint.PickleReader.Refused;
import dev.lockstep.checkpoint.PickleReader.View;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** An object saved by {@code torch.save}: a state dict, or a training checkpoint that contains one. */
final class SavedObject {
    /** The keys used by training scripts: the PyTorch example, torchvision's references, and others. */
    private static final List<String> KEYS = List.of("state_dict", "model_state_dict", "model");

    /** Prefixes that DistributedDataParallel, DataParallel and torch.compile add to every name. */
    private static final List<String> PREFIXES = List.of("module.", "_orig_mod.");

    /** Limits names, because each removed prefix copies the rest of the name. */
    private static final int MOST_NAME = 1000;

    private static final int SHOWN = 100;

    private SavedObject() {}

    static Map<String, View> stateDict(Object saved) throws Refused {
        if (!(saved instanceof Map<?, ?> map)) {
            throw new Refused("it does not contain a dict");
        }
        for (String key : KEYS) {
            if (map.get(key) instanceof Map<?, ?> nested) {
                return withoutPrefixes(views(nested, key));
            }
        }
        return withoutPrefixes(views(map, ""));
    }

    private static Map<String, View> views(Map<?, ?> dict, String within) throws Refused {
        Map<String, View> views = new LinkedHashMap<>();
        for (Map.Entry<?, ?> entry : dict.entrySet()) {
            if (!(entry.getKey() instanceof String name) || !(entry.getValue() instanceof View view)) {
                String where = within.isEmpty() ? "it" : "its entry " + within;
                throw new Refused(where + " is not a state dict: " + start(entry.getKey()) + " is not a tensor");
            }
            if (name.length() > MOST_NAME) {
                throw new Refused(
                        "a name has " + name.length() + " characters, limit = " + MOST_NAME + ": " + start(name));
            }
            views.put(name, view);
        }
        if (views.isEmpty()) {
            throw new Refused("it contains no tensors");
        }
        return views;
    }

    private static String start(Object key) {
        String text = key.toString();
        return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "…";
    }

    private static Map<String, View> withoutPrefixes(Map<String, View> views) {
        for (String prefix : PREFIXES) {
            if (views.keySet().stream().allMatch(name -> name.startsWith(prefix))) {
                Map<String, View> shorter = new LinkedHashMap<>();
                views.forEach((name, view) -> shorter.put(name.substring(prefix.length()), view));
                return withoutPrefixes(shorter);
            }
        }
        return views;
    }
}
