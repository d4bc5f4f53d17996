using Dapper;
using Npgsql;

namespace Checkout.Store.Checkouts.Admitting;

/// <summary>
/// Whether a key stands for a checkout already. Asked for every post that would be refused, when there are most of
/// them: so all that wait are asked for in one statement, and the next when that is answered.
/// </summary>
public sealed class KnownKeys(NpgsqlDataSource database)
{
    /// <summary>In one statement.</summary>
    private const int MostAtOnce = 500;

    private readonly Lock _lock = new();
    private readonly Queue<Question> _waiting = new();
    private bool _isAsking;

    /// <exception cref="Exception">The outage that kept the database from answering.</exception>
    public Task<bool> ContainsAsync(PostKey key)
    {
        var question = new Question(key);
        lock (_lock)
        {
            _waiting.Enqueue(question);
            if (_isAsking) return question.Answer.Task;
            _isAsking = true;
        }
        _ = AskAllAsync();
        return question.Answer.Task;
    }

    private async Task AskAllAsync()
    {
        while (Take() is { Count: > 0 } questions)
            try
            {
                var known = await AskAsync(questions);
                for (var i = 0; i < questions.Count; i++) questions[i].Answer.SetResult(known.Contains(i + 1));
            }
            catch (Exception e)
            {
                // Whatever it is, it is told to those who asked, and the next are asked for.
                foreach (var question in questions) question.Answer.TrySetException(e);
            }
    }

    private List<Question> Take()
    {
        lock (_lock)
        {
            var taken = new List<Question>();
            while (taken.Count < MostAtOnce && _waiting.TryDequeue(out var question)) taken.Add(question);
            _isAsking = taken.Count > 0;
            return taken;
        }
    }

    /// <summary>The places, from 1, of those that are there.</summary>
    private async Task<HashSet<long>> AskAsync(List<Question> questions)
    {
        await using var connection = await database.OpenConnectionAsync();
        return [.. await connection.QueryAsync<long>(
            """
            SELECT k.place FROM unnest(@customers, @keys, @hashes) WITH ORDINALITY AS k(customer, key, hash, place)
            WHERE EXISTS (SELECT FROM posts p WHERE p.customer_id = k.customer AND p.idempotency_key = k.key)
               OR EXISTS (SELECT FROM hashed_posts p WHERE p.customer_id = k.customer AND p.key_hash = k.hash)
            """, new
            {
                customers = questions.Select(question => question.Key.CustomerId).ToArray(),
                keys = questions.Select(question => question.Key.IdempotencyKey).ToArray(),
                hashes = questions.Select(question =>
                    PostHash.OfKey(question.Key.CustomerId, question.Key.IdempotencyKey)).ToArray(),
            })];
    }

    private sealed record Question(PostKey Key)
    {
        public TaskCompletionSource<bool> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
