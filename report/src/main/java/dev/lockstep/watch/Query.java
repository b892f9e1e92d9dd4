package dev.lockstep.watch;

import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The parameters of an address. */
record Query(Map<String, List<String>> values) {
    static Query of(URI uri) {
        Map<String, List<String>> values = new LinkedHashMap<>();
        String query = uri.getRawQuery();
        for (String pair : query == null ? new String[0] : query.split("&")) {
            int equals = pair.indexOf('=');
            String name = decoded(equals < 0 ? pair : pair.substring(0, equals));
            values.computeIfAbsent(name, key -> new ArrayList<>())
                    .add(equals < 0 ? "" : decoded(pair.substring(equals + 1)));
        }
        return new Query(values);
    }

    static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private static String decoded(String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return "";
        }
    }

    List<String> all(String name) {
        return values.getOrDefault(name, List.of());
    }

    /** Empty unless all of them are whole numbers. */
    List<Long> numbers(String name) {
        try {
            return all(name).stream().map(Long::valueOf).toList();
        } catch (NumberFormatException e) {
            return List.of();
        }
    }

    /** Empty text if it is not there. */
    String first(String name) {
        List<String> all = all(name);
        return all.isEmpty() ? "" : all.get(0);
    }
}
