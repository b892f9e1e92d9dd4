import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How far two runs are from each other: {@code java Distance.java CHECKPOINT CHECKPOINT} prints |a − b| / |b| over the float32
 * tensors of two files that hold the same ones, momentum left out.
 */
final class Distance {
    private static final Pattern TENSOR =
            Pattern.compile("\"([^\"]+)\":\\{\"dtype\":\"F32\",[^}]*\"data_offsets\":\\[(\\d+),(\\d+)]");

    private Distance() {}

    public static void main(String[] arguments) throws IOException {
        Map<String, FloatBuffer> first = tensors(Path.of(arguments[0]));
        Map<String, FloatBuffer> second = tensors(Path.of(arguments[1]));
        if (first.isEmpty() || !first.keySet().equals(second.keySet())) {
            throw new IllegalArgumentException("the files hold different tensors: " + first.keySet() + ", " + second.keySet());
        }
        double difference = 0;
        double norm = 0;
        for (Map.Entry<String, FloatBuffer> entry : second.entrySet()) {
            FloatBuffer a = first.get(entry.getKey());
            FloatBuffer b = entry.getValue();
            for (int i = 0; i < b.capacity(); i++) {
                difference += Math.pow((double) a.get(i) - b.get(i), 2);
                norm += Math.pow(b.get(i), 2);
            }
        }
        System.out.printf("%.3e%n", Math.sqrt(difference / norm));
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
                tensors.put(matcher.group(1), file.slice(from, length).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer());
            }
        }
        return tensors;
    }
}
