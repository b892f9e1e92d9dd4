package dev.lockstep.evidence.process;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The distance between the weights of two runs. */
public final class Distance {
    private static final Pattern TENSOR =
            Pattern.compile("\"([^\"]+)\":\\{\"dtype\":\"F32\",[^}]*\"data_offsets\":\\[(\\d+),(\\d+)]");

    private Distance() {}

    /** |a − b| / |b| over the float32 tensors of two checkpoints with the same names, without momentum. */
    public static double between(Path a, Path b) throws IOException {
        Map<String, FloatBuffer> first = tensors(a);
        Map<String, FloatBuffer> second = tensors(b);
        if (first.isEmpty() || !first.keySet().equals(second.keySet())) {
            throw new IllegalArgumentException(
                    "the files hold different tensors: " + first.keySet() + ", " + second.keySet());
        }
        double difference = 0;
        double norm = 0;
        for (Map.Entry<String, FloatBuffer> entry : second.entrySet()) {
            FloatBuffer one = Objects.requireNonNull(first.get(entry.getKey()));
            FloatBuffer other = entry.getValue();
            for (int i = 0; i < other.capacity(); i++) {
                difference += Math.pow((double) one.get(i) - other.get(i), 2);
                norm += Math.pow(other.get(i), 2);
            }
        }
        return Math.sqrt(difference / norm);
    }

    private static Map<String, FloatBuffer> tensors(Path checkpoint) throws IOException {
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(checkpoint)).order(ByteOrder.LITTLE_ENDIAN);
        int start = Math.toIntExact(Long.BYTES + file.getLong(0));
        String header = new String(file.array(), Long.BYTES, start - Long.BYTES, StandardCharsets.UTF_8);
        Map<String, FloatBuffer> tensors = new TreeMap<>();
        Matcher matcher = TENSOR.matcher(header);
        while (matcher.find()) {
            int from = start + Integer.parseInt(matcher.group(2));
            int length = start + Integer.parseInt(matcher.group(3)) - from;
            if (!matcher.group(1).startsWith("optimizer.")) {
                tensors.put(
                        matcher.group(1),
                        file.slice(from, length).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer());
            }
        }
        return tensors;
    }
}
