package dev.lockstep.checkpoint;

import dev.lockstep.checkpoint.PickleReader.Refused;
import dev.lockstep.checkpoint.PickleReader.View;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What {@code torch.save} saved: a state dict itself, or a training checkpoint with one in it. */
final class SavedObject {
    /** Where training scripts put it: the PyTorch example, torchvision's references, and others. */
    private static final List<String> KEYS = List.of("state_dict", "model_state_dict", "model");

    /** What DistributedDataParallel, DataParallel and torch.compile put before every name. */
    private static final List<String> PREFIXES = List.of("module.", "_orig_mod.");

    /** Prefixes are taken off one by one, each by copying what is left. */
    private static final int MOST_NAME = 1000;

    private static final int SHOWN = 100;

    private SavedObject() {}

    static Map<String, View> stateDict(Object saved) throws Refused {
        if (!(saved instanceof Map<?, ?> map)) {
            throw new Refused("it holds no dict");
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
                throw new Refused(where + " is not a state dict: " + start(entry.getKey()) + " is no tensor");
            }
            if (name.length() > MOST_NAME) {
                throw new Refused("a name has " + name.length() + " characters, at most " + MOST_NAME + " are read: "
                        + start(name));
            }
            views.put(name, view);
        }
        if (views.isEmpty()) {
            throw new Refused("it holds no tensors");
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
