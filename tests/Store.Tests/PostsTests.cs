using avatarstore.store;
using Avro.Specific;
using Checkout.Chassis.State;
using Checkout.Fixtures;
using Checkout.Store.Checkouts;
using CsCheck;
using Xunit;

namespace Checkout.Store.Tests;

/// <summary>Groups of posts in memory; what a database adds is tested with one.</summary>
public sealed class PostsTests
{
    private const int Runs = 1_000;
    private static readonly DateTime Now = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    private static readonly Gen<CreateCheckout> AnyPost = Gen.Select(
        Gen.Guid, Gen.Int[0, 2], Gen.Int[0, 2], Gen.OneOf("GORILLA", "TIGER", "UNLISTED"),
        (id, customer, key, sku) => new CreateCheckout(id, $"c-{customer}", $"key-{key}", sku, Now, Deadline));

    private static readonly Gen<CreateCheckout[][]> Groups = AnyPost.Array[1, 8].Array[1, 5];

    [Fact]
    public void The_first_of_equal_keys_in_a_group_is_the_purchase_and_the_same_body_again_is_the_same_purchase()
    {
        var (first, again) = (Post("key-1", "GORILLA"), Post("key-1", "GORILLA"));
        var store = Store();
        var told = Run(store, first, again);
        Assert.Equal(first.CheckoutId, Assert.IsType<CheckoutCreated>(Assert.Single(told)).CheckoutId);
        Assert.Equal((PostOutcome.Created, first.CheckoutId), CheckoutDecisions.AnswerTo(store.Rows, first));
        Assert.Equal((PostOutcome.SameAsBefore, first.CheckoutId), CheckoutDecisions.AnswerTo(store.Rows, again));
    }

    [Fact]
    public void The_same_key_with_another_body_is_no_purchase()
    {
        var (first, other) = (Post("key-1", "GORILLA"), Post("key-1", "TIGER"));
        var store = Store();
        Assert.Single(Run(store, first, other));
        Assert.Equal((PostOutcome.KeyUsedForOther, first.CheckoutId), CheckoutDecisions.AnswerTo(store.Rows, other));
    }

    [Fact]
    public void A_key_held_since_an_earlier_group_is_the_purchase_of_then()
    {
        var (first, again, other) = (Post("key-1", "GORILLA"), Post("key-1", "GORILLA"), Post("key-1", "UNLISTED"));
        var store = Store();
        Run(store, first);
        Assert.Empty(Run(store, again, other));
        Assert.Equal((PostOutcome.SameAsBefore, first.CheckoutId), CheckoutDecisions.AnswerTo(store.Rows, again));
        Assert.Equal((PostOutcome.KeyUsedForOther, first.CheckoutId), CheckoutDecisions.AnswerTo(store.Rows, other));
    }

    [Fact]
    public void A_post_for_what_is_not_listed_leaves_its_key_free()
    {
        var (unlisted, listed) = (Post("key-1", "UNLISTED"), Post("key-1", "GORILLA"));
        var store = Store();
        Assert.Empty(Run(store, unlisted));
        Assert.Equal((PostOutcome.UnknownPackage, null), CheckoutDecisions.AnswerTo(store.Rows, unlisted));
        Assert.Single(Run(store, listed));
    }

    [Fact]
    public void The_same_key_of_two_customers_is_two_purchases()
    {
        var (one, other) = (Post("key-1", "GORILLA"), Post("key-1", "GORILLA") with { CustomerId = "c-2" });
        Assert.Equal(2, Run(Store(), one, other).Count);
    }

    [Fact]
    public void Keys_are_inserted_in_one_order_and_once_whatever_the_order_of_the_posts() =>
        AnyPost.Array[0, 10].Sample(posts =>
        {
            var inserted = new List<PostKey>();
            Run(Store(onPost: inserted.Add), posts);
            var wanted = posts.Where(post => post.Sku != "UNLISTED").Select(KeyOf).Distinct()
                .OrderBy(key => key.CustomerId, StringComparer.Ordinal)
                .ThenBy(key => key.IdempotencyKey, StringComparer.Ordinal);
            Assert.Equal(wanted, inserted);
        }, iter: Runs);

    [Fact]
    public void However_posts_are_grouped_each_key_is_one_purchase_and_every_answer_names_it() =>
        Groups.Sample(groups =>
        {
            var store = Store();
            var created = new Dictionary<PostKey, CheckoutCreated>();
            foreach (var group in groups)
            {
                foreach (var e in Run(store, group).Cast<CheckoutCreated>())
                    created.Add(KeyOf(group.Single(post => post.CheckoutId == e.CheckoutId)), e);
                foreach (var post in group)
                {
                    var (outcome, checkoutId) = CheckoutDecisions.AnswerTo(store.Rows, post);
                    Assert.Equal(created.GetValueOrDefault(KeyOf(post))?.CheckoutId, checkoutId);
                    Assert.Equal(Wanted(post, created.GetValueOrDefault(KeyOf(post))), outcome);
                }
            }
        }, iter: Runs);

    private static PostOutcome Wanted(CreateCheckout post, CheckoutCreated? holder) =>
        holder is null ? PostOutcome.UnknownPackage
        : holder.CheckoutId == post.CheckoutId ? PostOutcome.Created
        : holder.Sku == post.Sku ? PostOutcome.SameAsBefore
        : PostOutcome.KeyUsedForOther;

    private static CreateCheckout Post(string key, string sku) => new(Guid.NewGuid(), "c-1", key, sku, Now, Deadline);

    private static PostKey KeyOf(CreateCheckout post) => new(post.CustomerId, post.IdempotencyKey);

    private static InMemory<StoreRows> Store(Action<PostKey>? onPost = null)
    {
        var memory = new MemoryRows
        {
            Check = (_, key, _) =>
            {
                if (key is PostKey post) onPost?.Invoke(post);
            },
        };
        return new InMemory<StoreRows>(StoreChoreography.Table, Now) { Memory = memory }.Given(rows =>
        {
            foreach (var sku in new[] { "GORILLA", "TIGER" }) rows.Packages.Add(sku, new(sku, 500));
        });
    }

    private static IReadOnlyList<ISpecificRecord> Run(InMemory<StoreRows> store, params CreateCheckout[] posts)
    {
        var works = posts.Select(post => StoreChoreography.Table.WorkOf(post, post.CheckoutId)).ToList();
        var told = store.Run(works);
        Assert.All(works, work => Assert.Null(work.Fault));
        return told;
    }
}
