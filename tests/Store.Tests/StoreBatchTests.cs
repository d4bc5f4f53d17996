using avatarstore.store;
using Avro.Specific;
using Checkout.Store.Checkouts;
using CsCheck;
using Xunit;

namespace Checkout.Store.Tests;

/// <summary>Groups of posts in memory; what a database adds is tested with one.</summary>
public sealed class StoreBatchTests
{
    private const int Runs = 1_000;
    private static readonly DateTime Now = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    private static readonly Gen<CreateCheckout> AnyPost = Gen.Select(Gen.Guid, Gen.Int[0, 2], Gen.Int[0, 2], Gen.OneOf("GORILLA", "TIGER", "UNLISTED"))
        .Select((id, customer, key, sku) => new CreateCheckout(id, $"c-{customer}", $"key-{key}", sku, Now, Deadline));

    private static readonly Gen<CreateCheckout[][]> Groups = AnyPost.Array[1, 8].Array[1, 5];

    [Fact]
    public void The_first_of_equal_keys_in_a_group_is_the_purchase_and_the_same_body_again_is_the_same_purchase()
    {
        var (first, again) = (Post("key-1", "GORILLA"), Post("key-1", "GORILLA"));
        var (states, told) = Run([], first, again);
        Assert.Equal(first.CheckoutId, Assert.IsType<CheckoutCreated>(Assert.Single(told)).CheckoutId);
        Assert.Equal((PostOutcome.Created, first.CheckoutId), states.AnswerTo(first));
        Assert.Equal((PostOutcome.SameAsBefore, first.CheckoutId), states.AnswerTo(again));
    }

    [Fact]
    public void The_same_key_with_another_body_is_no_purchase()
    {
        var (first, other) = (Post("key-1", "GORILLA"), Post("key-1", "TIGER"));
        var (states, told) = Run([], first, other);
        Assert.Single(told);
        Assert.Equal((PostOutcome.KeyUsedForOther, first.CheckoutId), states.AnswerTo(other));
    }

    [Fact]
    public void A_key_held_since_an_earlier_group_is_the_purchase_of_then()
    {
        var (first, again, other) = (Post("key-1", "GORILLA"), Post("key-1", "GORILLA"), Post("key-1", "UNLISTED"));
        var posts = Run([], first).States.Posts;
        var (states, told) = Run(posts, again, other);
        Assert.Empty(told);
        Assert.Equal((PostOutcome.SameAsBefore, first.CheckoutId), states.AnswerTo(again));
        Assert.Equal((PostOutcome.KeyUsedForOther, first.CheckoutId), states.AnswerTo(other));
    }

    [Fact]
    public void A_post_for_what_is_not_listed_leaves_its_key_free()
    {
        var (unlisted, listed) = (Post("key-1", "UNLISTED"), Post("key-1", "GORILLA"));
        var (states, told) = Run([], unlisted);
        Assert.Empty(told);
        Assert.Equal((PostOutcome.UnknownPackage, null), states.AnswerTo(unlisted));
        Assert.Single(Run(states.Posts, listed).Told);
    }

    [Fact]
    public void The_same_key_of_two_customers_is_two_purchases()
    {
        var (one, other) = (Post("key-1", "GORILLA"), Post("key-1", "GORILLA") with { CustomerId = "c-2" });
        Assert.Equal(2, Run([], one, other).Told.Count);
    }

    [Fact]
    public void Keys_are_inserted_in_one_order_whatever_the_order_of_the_posts() => AnyPost.Array[0, 10].Sample(posts =>
    {
        var firsts = Loaded([], posts).FirstPosts();
        Assert.Equal(firsts.OrderBy(p => p.CustomerId, StringComparer.Ordinal).ThenBy(p => p.IdempotencyKey, StringComparer.Ordinal), firsts);
        Assert.Equal(firsts.Count, firsts.DistinctBy(p => (p.CustomerId, p.IdempotencyKey)).Count());
    }, iter: Runs);

    [Fact]
    public void However_posts_are_grouped_each_key_is_one_purchase_and_every_answer_names_it() => Groups.Sample(groups =>
    {
        var posts = new Dictionary<(string, string), (Guid CheckoutId, string Sku)>();
        var created = new Dictionary<(string, string), CheckoutCreated>();
        foreach (var group in groups)
        {
            var (states, told) = Run(posts, group);
            foreach (var e in told.Cast<CheckoutCreated>()) created.Add(KeyOf(group.Single(p => p.CheckoutId == e.CheckoutId)), e);
            foreach (var post in group)
            {
                var (outcome, checkoutId) = states.AnswerTo(post);
                Assert.Equal(created.GetValueOrDefault(KeyOf(post))?.CheckoutId, checkoutId);
                Assert.Equal(Wanted(post, created.GetValueOrDefault(KeyOf(post))), outcome);
            }
            posts = states.Posts;
        }
    }, iter: Runs);

    private static PostOutcome Wanted(CreateCheckout post, CheckoutCreated? holder) =>
        holder is null ? PostOutcome.UnknownPackage
        : holder.CheckoutId == post.CheckoutId ? PostOutcome.Created
        : holder.Sku == post.Sku ? PostOutcome.SameAsBefore
        : PostOutcome.KeyUsedForOther;

    private static CreateCheckout Post(string key, string sku) => new(Guid.NewGuid(), "c-1", key, sku, Now, Deadline);

    private static (string CustomerId, string Key) KeyOf(CreateCheckout post) => (post.CustomerId, post.IdempotencyKey);

    private static (StoreBatch States, List<ISpecificRecord> Told) Run(Dictionary<(string, string), (Guid, string)> held, params CreateCheckout[] posts)
    {
        var states = Loaded(held, posts);
        var told = new List<ISpecificRecord>();
        foreach (var e in posts.SelectMany(states.Decide))
        {
            told.Add(e);
            states.Evolve(e);
        }
        return (states, told);
    }

    /// <summary>As LoadAsync does it: the packages, then the keys, which the first post of each takes where nobody holds it.</summary>
    private static StoreBatch Loaded(Dictionary<(string, string), (Guid, string)> held, params CreateCheckout[] posts)
    {
        var states = new StoreBatch();
        foreach (var post in posts) states.Need(post);
        foreach (var sku in new[] { "GORILLA", "TIGER" }) states.Packages[sku] = new(sku, sku, 500);
        foreach (var (key, holder) in held) states.Posts[key] = holder;
        foreach (var first in states.FirstPosts()) states.Posts.TryAdd(KeyOf(first), (first.CheckoutId, first.Sku));
        return states;
    }
}
